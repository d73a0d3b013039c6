import { beforeEach, describe, expect, test } from 'vitest'
import { Decimal128, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const accounts = connection.collection<{ _id: string }>('accounts')
const transfers = connection.collection<{ _id: string }>('transfers')

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.open({ accountId: 'C', holder: 'Cy', currency: 'JPY', openingBalance: '7' })
  for (const transferId of ['T1', 'T2', 'T3']) {
    await Account.transfer({ transferId, from: 'A', to: 'B', amount: '10' })
  }
})

/** Changes a document in a way that the validators would refuse. */
const setUnvalidated = (collection: typeof accounts, filter: { _id: string }, $set: object) =>
  collection.updateOne(filter, { $set }, { bypassDocumentValidation: true })

/** Reverses T1, and changes the reversal so that it claims to reverse another transfer. */
async function makeReversalOf(transferId: string): Promise<void> {
  const reversal = (await Transfer.reverse('T1')).toObject()
  const _id = `${transferId}:reversal`
  const { _id: before } = reversal
  await transfers.deleteOne({ _id: before })
  await transfers.insertOne(Object.assign(reversal, { _id, reverses: transferId }))
  const list = { $set: { 'transfersComplete.$[one]': _id } }
  await accounts.updateMany({}, list, { arrayFilters: [{ one: before }] })
}

const violation = async () => (await verify(connection)).violation

describe('verify', () => {
  test('finds no violation in books that balance', async () => {
    const verification = await verify(connection)
    expect(verification).toEqual({
      balanced: true,
      groups: 0,
      holds: 0,
      accounts: 3,
      transfers: 3,
      batches: 0,
      refusals: 0,
      totals: { USD: '100.00', JPY: '7' },
      violationCount: 0,
      violationsByKind: {},
      violations: [],
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('accepts transfers that are stored in any order', async () => {
    const stored = await transfers.find().toArray()
    await transfers.deleteMany({})
    await transfers.insertMany(stored.toReversed())
    expect(await violation()).toBeUndefined()
  })

  test.each([
    [
      'a balance that was changed by hand',
      () => accounts.updateOne({ _id: 'A' }, { $set: { balance: Decimal128.fromString('71.00') } }),
      'account A has the balance 71.00, but its transfers add up to 70.00',
    ],
    [
      'an opening balance that was changed',
      () =>
        accounts.updateOne(
          { _id: 'B' },
          { $set: { openingBalance: Decimal128.fromString('1.00') } },
        ),
      'account B has the balance 10.00 after transfer T1, but should have 11.00',
    ],
    [
      'a transfer that was deleted',
      () => transfers.deleteOne({ _id: 'T2' }),
      'account A has no transfer with the sequence 2, but one with 3',
    ],
    [
      'that the latest transfer was deleted',
      () => transfers.deleteOne({ _id: 'T3' }),
      'account A has 2 transfers, but its transferCount is 3',
    ],
    [
      'an amount that was changed',
      () =>
        transfers.updateOne({ _id: 'T2' }, { $set: { amount: Decimal128.fromString('11.00') } }),
      'account A has the balance 80.00 after transfer T2, but should have 79.00',
    ],
    [
      'a sequence that two transfers have',
      () => transfers.updateOne({ _id: 'T3' }, { $set: { fromSequence: 2 } }),
      'account A has a second transfer with the sequence 2: T3',
    ],
    [
      'a transfer whose account was deleted',
      () => accounts.deleteOne({ _id: 'B' }),
      'transfer T1 and 2 more name account B, which does not exist',
    ],
    [
      'a balance below the overdraft limit',
      () =>
        accounts.updateOne(
          { _id: 'C' },
          {
            $set: {
              balance: Decimal128.fromString('-1'),
              openingBalance: Decimal128.fromString('-1'),
            },
          },
        ),
      'account C has the balance -1, but the lowest it may have is 0',
    ],
    [
      'a list of latest transfers in another order',
      () => accounts.updateOne({ _id: 'A' }, { $set: { transfersComplete: ['T1', 'T3', 'T2'] } }),
      'account A lists T3 in transfersComplete where T2 is expected',
    ],
    [
      'a list of latest transfers that is too short',
      () => accounts.updateOne({ _id: 'A' }, { $set: { transfersComplete: ['T3'] } }),
      'account A lists 1 of 3 transfers in transfersComplete',
    ],
    [
      'a transfer in another currency than its account',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { currency: 'EUR' } }),
      'account A is in USD, but its transfer T1 is in EUR',
    ],
    [
      'a transfer that was posted earlier than the one before it',
      () => transfers.updateOne({ _id: 'T3' }, { $set: { postedAt: new Date(0) } }),
      'account A has transfer T3 posted earlier than the transfer before it',
    ],
    [
      'money that is stored as text',
      () => setUnvalidated(accounts, { _id: 'A' }, { balance: '70.00' }),
      'account A has the balance "70.00" (string), which is not a Decimal128 with the 2 decimals of USD',
    ],
    [
      'money with other decimals than its currency',
      () => accounts.updateOne({ _id: 'A' }, { $set: { balance: Decimal128.fromString('70.0') } }),
      'account A has the balance 70.0 (decimal), which is not a Decimal128 with the 2 decimals of USD',
    ],
    [
      'a status that does not exist',
      () => setUnvalidated(accounts, { _id: 'A' }, { status: 'gone' }),
      'account A has the status "gone" (string), which does not exist',
    ],
    [
      'a count that is not a whole number',
      () => setUnvalidated(accounts, { _id: 'A' }, { transferCount: 1.5 }),
      'account A has the transferCount 1.5 (double), which is not a whole number (int) of 0 or more',
    ],
    [
      'a count that is too low',
      () => accounts.updateOne({ _id: 'A' }, { $set: { transferCount: 2 } }),
      'account A lists 3 of 2 transfers in transfersComplete',
    ],
    [
      'a closed account that holds money',
      () => accounts.updateOne({ _id: 'A' }, { $set: { status: 'closed' } }),
      'account A is closed, but has the balance 70.00',
    ],
    [
      'an overdraft limit below zero',
      () =>
        setUnvalidated(accounts, { _id: 'A' }, { overdraftLimit: Decimal128.fromString('-1.00') }),
      'account A has the overdraftLimit -1.00 (decimal), which is below zero',
    ],
    [
      'an account that was updated before its latest transfer',
      () => accounts.updateOne({ _id: 'A' }, [{ $set: { updatedAt: '$createdAt' } }]),
      'account A was updated before its latest transfer was posted',
    ],
    [
      'an account that was opened after its first transfer',
      () =>
        accounts.updateOne(
          { _id: 'A' },
          { $set: { createdAt: new Date(8e12), updatedAt: new Date(9e12) } },
        ),
      'account A was opened after its transfer T1 was posted',
    ],
    [
      'a reversal whose id does not match what it reverses',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { reverses: 'NOPE' } }),
      'transfer T1 reverses "NOPE" (string), but does not have the id of its reversal',
    ],
    [
      'a reversal that does not name what it reverses',
      async () => {
        await Transfer.reverse('T1')
        await transfers.updateOne({ _id: 'T1:reversal' }, { $unset: { reverses: 1 } })
      },
      'transfer T1:reversal has the id of a reversal, but does not reverse a transfer',
    ],
    [
      'a reversal with another amount than its original',
      async () => {
        await Account.transfer({ transferId: 'T4', from: 'A', to: 'B', amount: '5' })
        await makeReversalOf('T4')
      },
      'transfer T4:reversal does not match transfer T4, which it reverses',
    ],
    [
      'a reversal of a transfer that does not exist',
      () => makeReversalOf('T9'),
      'transfer T9:reversal reverses T9, which does not exist',
    ],
    [
      'a transfer without a balance',
      () => setUnvalidated(transfers, { _id: 'T2' }, { toBalance: null }),
      'transfer T2 has the toBalance null, which is not a Decimal128 with the 2 decimals of USD',
    ],
  ])('finds %s', async (_what, spoil, expected) => {
    await spoil()
    expect(await violation()).toBe(expected)
  })

  test('accepts an account whose limit was lowered below its debt', async () => {
    await Account.setOverdraftLimit('A', '100')
    await Account.transfer({ from: 'A', to: 'B', amount: '150' })
    await Account.setOverdraftLimit('A', '0')
    expect(await violation()).toBeUndefined()
    await Account.transfer({ from: 'B', to: 'A', amount: '10' })
    expect(await violation()).toBeUndefined()
  })
})

describe('the validators on the server', () => {
  test.each([
    [
      'a balance that is not a Decimal128',
      () => accounts.updateOne({ _id: 'A' }, { $set: { balance: 5 } }),
    ],
    [
      'a balance of NaN',
      () => accounts.updateOne({ _id: 'A' }, { $set: { balance: Decimal128.fromString('NaN') } }),
    ],
    [
      'a balance of Infinity',
      () =>
        accounts.updateOne({ _id: 'A' }, { $set: { balance: Decimal128.fromString('Infinity') } }),
    ],
    [
      'an overdraft limit below zero',
      () =>
        accounts.updateOne({ _id: 'A' }, { $set: { overdraftLimit: Decimal128.fromString('-1') } }),
    ],
    ['an unknown status', () => accounts.updateOne({ _id: 'A' }, { $set: { status: 'gone' } })],
    [
      'an amount of zero',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { amount: Decimal128.fromString('0') } }),
    ],
    [
      'a transfer without a sender',
      () => transfers.updateOne({ _id: 'T1' }, { $unset: { fromAccount: 1 } }),
    ],
  ])('refuse %s', async (_what, write) => {
    await expect(write()).rejects.toMatchObject({ code: 121 })
  })
})
