import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TransferRequest, type TransferResult, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const ACCOUNTS = ['A', 'B', 'C', 'YEN', 'ICE']

async function openAll(): Promise<void> {
  await Promise.all(
    ['accounts', 'transfers'].map((name) => connection.collection(name).deleteMany({})),
  )
  const records = ACCOUNTS.map((accountId) => ({
    accountId,
    holder: accountId,
    currency: accountId === 'YEN' ? 'JPY' : 'USD',
    openingBalance: '10',
    overdraftLimit: accountId === 'B' ? '5' : '0',
  }))
  await Promise.all(records.map((record) => Account.open(record)))
  await connection
    .collection<{ _id: string }>('accounts')
    .updateOne({ _id: 'ICE' }, { $set: { status: 'frozen' } })
}

/**
 * Few accounts, few ids, amounts near the balances and some repeated requests, so that every kind of result
 * occurs.
 */
const requests: fc.Arbitrary<TransferRequest[]> = fc
  .array(
    fc.record({
      transferId: fc.constantFrom('T1', 'T2', 'T3', 'T4', 'T5', 'T6', ''),
      from: fc.constantFrom(...ACCOUNTS, 'NOBODY'),
      to: fc.constantFrom(...ACCOUNTS, 'NOBODY'),
      amount: fc.constantFrom('1', '4.50', '9', '12.25', '0', '0.001'),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((batch) => [...batch, ...batch.slice(0, 2)])

const outcomesOf = (results: TransferResult[]) =>
  results.map((result) =>
    result.status === 'refused'
      ? [result.code, result.message]
      : [result.status, result.transferId],
  )

async function books() {
  const withoutTimes = { createdAt: 0, updatedAt: 0, postedAt: 0 }
  return {
    accounts: await Account.find({}, withoutTimes).sort({ _id: 1 }).lean(),
    transfers: await Transfer.find({}, withoutTimes).sort({ _id: 1 }).lean(),
  }
}

describe('a posting', () => {
  test('ends as if its requests were posted one by one, in order', async () => {
    const statuses = new Set<string>()
    await fc.assert(
      fc.asyncProperty(requests, async (batch) => {
        await openAll()
        const oneByOne: TransferResult[] = []
        for (const request of batch) oneByOne.push(...(await Account.transferMany([request])))
        const expected = await books()

        await openAll()
        const together = await Account.transferMany(batch)

        expect(outcomesOf(together)).toEqual(outcomesOf(oneByOne))
        expect(await books()).toEqual(expected)
        expect(await verify(connection)).not.toHaveProperty('violation')
        for (const [kind] of outcomesOf(together)) statuses.add(kind as string)
      }),
      { numRuns: 30, seed: 20261123 },
    )
    expect([...statuses].toSorted()).toEqual([
      'ACCOUNT_NOT_FOUND',
      'ACCOUNT_NOT_OPEN',
      'CURRENCY_MISMATCH',
      'INSUFFICIENT_FUNDS',
      'INVALID_AMOUNT',
      'INVALID_TRANSFER_ID',
      'SAME_ACCOUNT',
      'TRANSFER_CONFLICT',
      'existing',
      'posted',
    ])
  })

  test('lets a transfer spend what an earlier one brought', async () => {
    await openAll()
    const results = await Account.transferMany([
      { from: 'A', to: 'C', amount: '10' },
      { from: 'C', to: 'B', amount: '20' },
    ])
    expect(results.map(({ status }) => status)).toEqual(['posted', 'posted'])
  })

  test('takes several transactions when one cannot hold all requests', async () => {
    await openAll()
    const transfers = Array.from({ length: 5_001 }, (_, index) => ({
      from: index % 2 ? 'A' : 'C',
      to: index % 2 ? 'C' : 'A',
      amount: '0.01',
    }))
    const results = await Account.transferMany(transfers)
    expect(results.every(({ status }) => status === 'posted')).toBe(true)
    expect(await verify(connection)).toMatchObject({ transfers: 5_001 })
  })
})

describe('an atomic group', () => {
  test('is posted completely', async () => {
    await openAll()
    const results = await Account.transferMany(
      [
        { transferId: 'L1', from: 'A', to: 'C', amount: '10' },
        { transferId: 'L2', from: 'C', to: 'B', amount: '20' },
      ],
      { atomic: true },
    )
    expect(outcomesOf(results)).toEqual([
      ['posted', 'L1'],
      ['posted', 'L2'],
    ])
  })

  test('is refused completely: the first refusal keeps its code, and the others name its transfer', async () => {
    await openAll()
    await Account.transfer({ transferId: 'L0', from: 'A', to: 'B', amount: '1' })
    const before = await books()
    const results = await Account.transferMany(
      [
        { transferId: 'L0', from: 'A', to: 'B', amount: '1' },
        { transferId: 'L1', from: 'A', to: 'C', amount: '9' },
        { transferId: 'L2', from: 'A', to: 'B', amount: '0.01' },
        { transferId: 'L3', from: 'NOBODY', to: 'B', amount: '1' },
      ],
      { atomic: true },
    )
    expect(results).toMatchObject([
      { status: 'existing' },
      { code: 'LINKED_TRANSFER_REFUSED', error: { refusedTransferId: 'L2' } },
      { code: 'INSUFFICIENT_FUNDS' },
      { code: 'LINKED_TRANSFER_REFUSED' },
    ])
    expect(await books()).toEqual(before)
  })

  test('does not report a repeated request as existing when its first one is refused with the group', async () => {
    await openAll()
    const twice = { transferId: 'L1', from: 'A', to: 'B', amount: '1' }
    const results = await Account.transferMany(
      [twice, twice, { transferId: 'L2', from: 'A', to: 'B', amount: '99' }],
      { atomic: true },
    )
    expect(outcomesOf(results).map(([code]) => code)).toEqual([
      'LINKED_TRANSFER_REFUSED',
      'LINKED_TRANSFER_REFUSED',
      'INSUFFICIENT_FUNDS',
    ])
    expect(await Transfer.countDocuments()).toBe(0)
  })

  test('says that two of its transfers have one id, and not that one is posted', async () => {
    await openAll()
    const first = { transferId: 'L1', from: 'A', to: 'B', amount: '1' }
    const results = await Account.transferMany([first, { ...first, amount: '2' }], { atomic: true })
    expect(results).toMatchObject([
      { code: 'LINKED_TRANSFER_REFUSED' },
      { message: 'two transfers of the group have the id L1', error: { fields: ['amount'] } },
    ])
  })

  test('is rejected when it is too large for one transaction', async () => {
    const group = Array.from({ length: 50_001 }, () => ({ from: 'A', to: 'B', amount: '1' }))
    await expect(Account.transferMany(group, { atomic: true })).rejects.toThrow(
      'an atomic group of 50001 transfers is too large for one transaction: at most 50000 are allowed',
    )
  })
})
