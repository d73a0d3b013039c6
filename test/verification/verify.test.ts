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

/** Writes what the validators would keep out. */
const bare = (collection: typeof accounts, filter: { _id: string }, $set: object) =>
  collection.updateOne(filter, { $set }, { bypassDocumentValidation: true })

/** Reverses T1, and writes it down as the reversal of another. */
async function renameReversal(reverses: string): Promise<void> {
  const reversal = (await Transfer.reverse('T1')).toObject()
  const _id = `${reverses}:reversal`
  const { _id: before } = reversal
  await transfers.deleteOne({ _id: before })
  await transfers.insertOne(Object.assign(reversal, { _id, reverses }))
  const list = { $set: { 'transfersComplete.$[one]': _id } }
  await accounts.updateMany({}, list, { arrayFilters: [{ one: before }] })
}

const violation = async () => (await verify(connection)).violation

describe('verify', () => {
  test('finds nothing wrong with books that balance', async () => {
    const verification = await verify(connection)
    expect(verification).toMatchObject({ accounts: 3, transfers: 3 })
    expect(verification).not.toHaveProperty('violation')
    expect([...verification.totals].map(([currency, total]) => [currency, String(total)])).toEqual([
      ['USD', '100'],
      ['JPY', '7'],
    ])
  })

  test('follows transfers in any order in which they lie', async () => {
    const stored = await transfers.find().toArray()
    await transfers.deleteMany({})
    await transfers.insertMany(stored.toReversed())
    expect(await violation()).toBeUndefined()
  })

  test.each([
    [
      'a balance that was changed by hand',
      () => accounts.updateOne({ _id: 'A' }, { $set: { balance: Decimal128.fromString('71.00') } }),
      'account A has the balance 71, its transfers add up to 70',
    ],
    [
      'an opening balance that was changed',
      () =>
        accounts.updateOne(
          { _id: 'B' },
          { $set: { openingBalance: Decimal128.fromString('1.00') } },
        ),
      'account B has the balance 10 after transfer T1, not 11',
    ],
    [
      'a transfer that is gone',
      () => transfers.deleteOne({ _id: 'T2' }),
      'account A has no transfer with the sequence 2, but one with 3',
    ],
    [
      'the last transfer gone',
      () => transfers.deleteOne({ _id: 'T3' }),
      'account A has 2 transfers, its transferCount is 3',
    ],
    [
      'an amount that was changed',
      () =>
        transfers.updateOne({ _id: 'T2' }, { $set: { amount: Decimal128.fromString('11.00') } }),
      'account A has the balance 80 after transfer T2, not 79',
    ],
    [
      'a sequence given twice',
      () => transfers.updateOne({ _id: 'T3' }, { $set: { fromSequence: 2 } }),
      'account A has a second transfer with the sequence 2: T3',
    ],
    [
      'a transfer of an account that is gone',
      () => accounts.deleteOne({ _id: 'B' }),
      'transfer T1 is with account B, which does not exist',
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
      'account C has the balance -1, below its lowest of 0',
    ],
    [
      'a list of latest transfers that names another',
      () => accounts.updateOne({ _id: 'A' }, { $set: { transfersComplete: ['T1', 'T3', 'T2'] } }),
      'account A lists T3 in transfersComplete where T2 is expected',
    ],
    [
      'a list of latest transfers that is too short',
      () => accounts.updateOne({ _id: 'A' }, { $set: { transfersComplete: ['T3'] } }),
      'account A lists 1 of 3 transfers in transfersComplete',
    ],
    [
      'another currency than the account’s',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { currency: 'EUR' } }),
      'account A is in USD, its transfer T1 in EUR',
    ],
    [
      'a time before that of an earlier transfer',
      () => transfers.updateOne({ _id: 'T3' }, { $set: { postedAt: new Date(0) } }),
      'account A has transfer T3 posted before the one of the sequence before',
    ],
    [
      'money that is a text',
      () => bare(accounts, { _id: 'A' }, { balance: '70.00' }),
      'account A has the balance "70.00", which is no Decimal128 amount',
    ],
    [
      'money with other decimals than its currency',
      () => accounts.updateOne({ _id: 'A' }, { $set: { balance: Decimal128.fromString('70.0') } }),
      'account A has the balance 70.0, not with the 2 decimals of USD',
    ],
    [
      'a status of no account',
      () => bare(accounts, { _id: 'A' }, { status: 'gone' }),
      'account A has the status "gone"',
    ],
    [
      'a count that is none',
      () => bare(accounts, { _id: 'A' }, { transferCount: 1.5 }),
      'account A has the transferCount 1.5',
    ],
    [
      'a count that is too low',
      () => accounts.updateOne({ _id: 'A' }, { $set: { transferCount: 2 } }),
      'account A lists 3 of 2 transfers in transfersComplete',
    ],
    [
      'an account that is closed with money on it',
      () => accounts.updateOne({ _id: 'A' }, { $set: { status: 'closed' } }),
      'account A is closed with the balance 70',
    ],
    [
      'an overdraft limit below zero',
      () => bare(accounts, { _id: 'A' }, { overdraftLimit: Decimal128.fromString('-1.00') }),
      'account A has the overdraftLimit -1, below zero',
    ],
    [
      'an account that was updated before its latest transfer',
      () => accounts.updateOne({ _id: 'A' }, [{ $set: { updatedAt: '$createdAt' } }]),
      'account A was updated before its latest transfer was posted',
    ],
    [
      'an account that was opened after a transfer of it',
      () =>
        accounts.updateOne(
          { _id: 'A' },
          { $set: { createdAt: new Date(8e12), updatedAt: new Date(9e12) } },
        ),
      'account A was opened after its transfer T1 was posted',
    ],
    [
      'a reversal of nothing',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { reverses: 'NOPE' } }),
      'transfer T1 reverses "NOPE", whose reversal it is not',
    ],
    [
      'a reversal that says no more what it reverses',
      async () => {
        await Transfer.reverse('T1')
        await transfers.updateOne({ _id: 'T1:reversal' }, { $unset: { reverses: 1 } })
      },
      'transfer T1:reversal has the id of a reversal, and reverses none',
    ],
    [
      'a reversal of a transfer of another amount',
      async () => {
        await Account.transfer({ transferId: 'T4', from: 'A', to: 'B', amount: '5' })
        await renameReversal('T4')
      },
      'transfer T4:reversal is not T4 the other way round',
    ],
    [
      'a reversal of a transfer that does not exist',
      () => renameReversal('T9'),
      'transfer T9:reversal reverses T9, which does not exist',
    ],
    [
      'a transfer that lacks a balance',
      () => bare(transfers, { _id: 'T2' }, { toBalance: null }),
      'transfer T2 has the toBalance null, which is no Decimal128 amount',
    ],
  ])('finds %s', async (_what, spoil, expected) => {
    await spoil()
    expect(await violation()).toBe(expected)
  })

  test('finds nothing wrong with an account whose limit was lowered below its debt', async () => {
    await Account.setOverdraftLimit('A', '100')
    await Account.transfer({ from: 'A', to: 'B', amount: '150' })
    await Account.setOverdraftLimit('A', '0')
    expect(await violation()).toBeUndefined()
    await Account.transfer({ from: 'B', to: 'A', amount: '10' })
    expect(await violation()).toBeUndefined()
  })

  test('reads one moment while transfers go on', async () => {
    let posting = true
    const traffic = (async () => {
      while (posting) await Account.transfer({ from: 'B', to: 'A', amount: '0.01' })
    })()
    for (let round = 0; round < 10; round += 1) expect(await violation()).toBeUndefined()
    posting = false
    await traffic
    expect(await Transfer.countDocuments()).toBeGreaterThan(3)
  })
})

describe('the validators on the server', () => {
  test.each([
    [
      'a balance that is no decimal',
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
    [
      'a status of another name',
      () => accounts.updateOne({ _id: 'A' }, { $set: { status: 'gone' } }),
    ],
    [
      'an amount of zero',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { amount: Decimal128.fromString('0') } }),
    ],
    [
      'a transfer with no sender',
      () => transfers.updateOne({ _id: 'T1' }, { $unset: { fromAccount: 1 } }),
    ],
  ])('keep out %s', async (_what, write) => {
    await expect(write()).rejects.toMatchObject({ code: 121 })
  })
})
