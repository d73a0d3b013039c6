import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Decimal } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const START = Date.UTC(2026, 0, 1)
const day = (days: number) => new Date(START + days * 86_400_000)

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '1000' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD', openingBalance: '1000' })
})

/** Posts `count` transfers, every third from B to A, and dates the n-th on day n after 1 January 2026. */
async function postDaily(count: number): Promise<void> {
  await Account.transferMany(
    Array.from({ length: count }, (_, index) => ({
      transferId: `T${index + 1}`,
      from: index % 3 === 2 ? 'B' : 'A',
      to: index % 3 === 2 ? 'A' : 'B',
      amount: '1',
    })),
  )
  await connection.collection('transfers').bulkWrite(
    Array.from({ length: count }, (_, index) => ({
      updateOne: {
        filter: { _id: `T${index + 1}` as never },
        update: { $set: { postedAt: day(index + 1) } },
      },
    })),
  )
  await connection.collection('accounts').updateMany({}, { $set: { createdAt: day(0) } })
}

const findA = () => Account.findById('A').orFail()
const sequences = (entries: readonly { sequence: number }[]) =>
  entries.map(({ sequence }) => sequence)

describe('account.statement', () => {
  test('returns the newest entries first, each with its sign and the balance after it', async () => {
    await postDaily(3)
    expect(await (await findA()).statement({ limit: 2 })).toEqual([
      {
        sequence: 3,
        postedAt: day(3),
        transferId: 'T3',
        counterparty: 'B',
        amount: new Decimal(1),
        balance: new Decimal(999),
      },
      {
        sequence: 2,
        postedAt: day(2),
        transferId: 'T2',
        counterparty: 'B',
        amount: new Decimal(-1),
        balance: new Decimal(998),
      },
    ])
  })

  test('is paged by sequence', async () => {
    await postDaily(25)
    const account = await findA()
    const pages = []
    let before: number | undefined
    do {
      const page = await account.statement({ limit: 10, before })
      pages.push(sequences(page))
      before = page.at(-1)?.sequence
    } while (before !== undefined)
    expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index))
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5, 0])
  })

  test('contains what was posted at or after `from` and before `to`', async () => {
    await postDaily(100)
    const account = await findA()
    const range = { from: day(20), to: day(30) }
    expect(sequences(await account.statement(range))).toEqual([
      29, 28, 27, 26, 25, 24, 23, 22, 21, 20,
    ])
    expect(sequences(await account.statement({ ...range, before: 22 }))).toEqual([21, 20])
    expect(await account.statement({ from: day(101) })).toEqual([])
  })

  test('can be read completely with an iterator, across pages', async () => {
    await postDaily(2_100)
    const entries = []
    for await (const entry of (await findA()).statementEntries({ to: day(2_051) }))
      entries.push(entry)
    expect(sequences(entries)).toEqual(Array.from({ length: 2_050 }, (_, index) => 2_050 - index))
  })
})

describe('account.balanceAt', () => {
  test('is the balance after the last transfer at or before that moment', async () => {
    await postDaily(200)
    const account = await findA()
    const expected = (days: number) => {
      let balance = 1000
      for (let posted = 0; posted < days; posted += 1) balance += posted % 3 === 2 ? 1 : -1
      return balance
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 200 }), async (days) => {
        expect((await account.balanceAt(day(days))).toNumber()).toBe(expected(days))
        expect((await account.balanceAt(new Date(day(days).getTime() + 1))).toNumber()).toBe(
          expected(days),
        )
      }),
      { numRuns: 40 },
    )
    expect((await account.balanceAt(new Date())).toString()).toBe(account.balance.toString())
  })

  test('is the opening balance before the first transfer, and zero before the account was opened', async () => {
    await postDaily(1)
    const account = await findA()
    expect((await account.balanceAt(new Date(day(1).getTime() - 1))).toString()).toBe('1000')
    expect((await account.balanceAt(new Date(day(0).getTime() - 1))).toString()).toBe('0')
  })
})

test.each([
  ['from', new Date('typo')],
  ['to', '2099-01-01'],
  ['before', Number.NaN],
  ['before', '5'],
  ['before', 0],
  ['limit', 1.5],
])(
  'a statement with %s = %s is rejected with an error that states the rule',
  async (name, value) => {
    const account = await findA()
    await expect(account.statement({ [name]: value })).rejects.toThrow(
      new RegExp(`^${name} .* is not a (?:valid Date|whole number of 1 or more)$`),
    )
  },
)

test('a whole statement and balanceAt reject invalid dates', async () => {
  const account = await findA()
  await expect(account.balanceAt(new Date('typo'))).rejects.toThrow('date Invalid Date is not')
  await expect(account.balanceAt('2026-01-01' as never)).rejects.toThrow('is not a valid Date')
  const entries = account.statementEntries({ from: new Date(Number.NaN) })
  await expect(entries.next()).rejects.toThrow('from Invalid Date is not a valid Date')
})
