import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type AccountDocument,
  Decimal,
  type StatementEntry,
  createCollections,
} from '../../src/index.ts'
import { EffectiveOrder } from '../../src/ledger/statement/effective-order.ts'
import { useDatabase } from '../support/database.ts'
import { propertyRuns } from '../support/property-runs.ts'

const { connection, Account } = useDatabase()

const START = Date.UTC(2026, 0, 1)
const day = (days: number) => new Date(START + days * 86_400_000)
const by = 'effectiveAt' as const

beforeEach(openAccounts)

async function openAccounts(): Promise<void> {
  for (const name of ['accounts', 'transfers']) await connection.collection(name).deleteMany({})
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '1000' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD', openingBalance: '9000' })
}

/** A transfer of A: what it received or sent, and its dates in days; `posted` never goes back. */
interface Line {
  readonly amount: number
  readonly posted: number
  readonly effective?: number | undefined
}

/** Posts transfers between A and B in their order, and sets when they were posted. */
async function post(lines: readonly Line[]): Promise<void> {
  const results = await Account.transferMany(
    lines.map(({ amount, effective }, index) => ({
      transferId: `T${index + 1}`,
      from: amount < 0 ? 'A' : 'B',
      to: amount < 0 ? 'B' : 'A',
      amount: Math.abs(amount),
      effectiveAt: effective === undefined ? undefined : day(effective),
    })),
  )
  expect(results.filter(({ status }) => status !== 'posted')).toEqual([])
  if (lines.length === 0) return
  await connection.collection<{ _id: string }>('transfers').bulkWrite(
    lines.map(({ posted }, index) => ({
      updateOne: { filter: { _id: `T${index + 1}` }, update: { $set: { postedAt: day(posted) } } },
    })),
  )
}

const findA = () => Account.findById('A').orFail()

const brief = (entries: readonly StatementEntry[]) =>
  entries.map(({ sequence, balance }) => [sequence, balance.toNumber()])

async function all(account: AccountDocument, range: object = {}): Promise<StatementEntry[]> {
  const entries = []
  for await (const entry of account.statementEntries({ by, ...range })) entries.push(entry)
  return entries
}

describe('a statement by effective date', () => {
  test('has entries that came late in their place, and the running balance of that order', async () => {
    await post([
      { amount: -100, posted: 40, effective: 10 },
      { amount: -10, posted: 41 },
      { amount: 5, posted: 42, effective: 5 },
      { amount: 7, posted: 43, effective: 90 },
    ])
    const entries = await (await findA()).statement({ by })
    expect(brief(entries)).toEqual([
      [4, 902],
      [2, 895],
      [1, 905],
      [3, 1005],
    ])
    expect(entries[0]).toEqual({
      sequence: 4,
      postedAt: day(43),
      effectiveAt: day(90),
      transferId: 'T4',
      counterparty: 'B',
      amount: new Decimal(7),
      balance: new Decimal(902),
    })
    expect(entries[1]).not.toHaveProperty('effectiveAt')
    expect(brief(await (await findA()).statement())).toEqual([
      [4, 902],
      [3, 895],
      [2, 890],
      [1, 900],
    ])
  })

  test('contains what happened at or after `from` and before `to`, with the balances that the range starts from', async () => {
    await post(
      Array.from({ length: 30 }, (_, index) => ({
        amount: -1,
        posted: 100 + index,
        effective: 30 - index,
      })),
    )
    const account = await findA()
    expect(brief(await account.statement({ by, from: day(10), to: day(13) }))).toEqual([
      [19, 988],
      [20, 989],
      [21, 990],
    ])
    expect(await account.statement({ by, from: day(31) })).toEqual([])
    expect(await account.statement({ by, to: day(1) })).toEqual([])
    expect(await account.statement({ by, from: day(5), to: day(4) })).toEqual([])
  })

  test('is paged by the sequence of its last entry', async () => {
    await post(
      Array.from({ length: 25 }, (_, index) => ({
        amount: index % 2 ? 1 : -2,
        posted: index,
        effective: index % 3 ? (index * 7) % 25 : undefined,
      })),
    )
    const account = await findA()
    const pages = []
    let before: number | undefined
    do {
      const page = await account.statement({ by, limit: 10, before })
      pages.push(page)
      before = page.at(-1)?.sequence
    } while (before !== undefined)
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5, 0])
    expect(pages.flat()).toEqual(await all(account))
    await expect(account.statement({ by, before: 26 })).rejects.toThrow(
      'before 26 is not the sequence of a transfer of account A',
    )
  })

  test('is read completely across pages, even if most entries have one date', async () => {
    const lines = Array.from({ length: 2_300 }, (_, index) => ({
      amount: index % 3 === 0 ? 1 : -1,
      posted: Math.floor(index / 10),
      effective: index % 10 === 0 ? undefined : index % 10 === 1 ? index : 50,
    }))
    await post(lines)
    expect(brief(await all(await findA()))).toEqual(naive(lines))
  })

  test('does not have what is posted after its first page was read', async () => {
    const lines = Array.from({ length: 1_500 }, (_, index) => ({
      amount: index % 4 < 2 ? 1 : -1,
      posted: 1,
      effective: index % 2 ? 5 : undefined,
    }))
    await post(lines)
    const account = await findA()
    const entries = account.statementEntries({ by })
    const found = [(await entries.next()).value as StatementEntry]
    await Account.transferMany([
      { from: 'A', to: 'B', amount: 500, effectiveAt: day(0) },
      { from: 'A', to: 'B', amount: 7 },
    ])
    for await (const entry of entries) found.push(entry)
    expect(brief(found)).toEqual(naive(lines))
  })

  test('adds up what was posted until it began', async () => {
    await post([{ amount: -1, posted: 9, effective: 3 }])
    const order = await EffectiveOrder.of({ connection, accountId: 'A', session: undefined })
    await Account.transfer({ from: 'A', to: 'B', amount: 500, effectiveAt: day(2) })
    expect((await order.balanceAt(order.endOf(day(4)))).toNumber()).toBe(999)
  })

  test(
    'and balances are what a sum over all transfers in that order gives, whatever their dates',
    async () => {
      await fc.assert(
        fc.asyncProperty(history, async ({ lines, from, to, limit, at }) => {
          await openAccounts()
          await post(lines)
          const account = await findA()
          const expected = naive(lines)
          const inRange = naive(lines, { from, to })

          expect(brief(await all(account))).toEqual(expected)
          expect(brief(await all(account, { from: day(from), to: day(to) }))).toEqual(inRange)
          const range = { by, from: day(from), to: day(to), limit }
          const first = brief(await account.statement(range))
          expect(first).toEqual(inRange.slice(0, limit))
          const [before] = first.at(-1) ?? []
          const second =
            before === undefined ? [] : brief(await account.statement({ ...range, before }))
          expect(second).toEqual(inRange.slice(limit, 2 * limit))

          const [latest] = naive(lines, { to: at + 1 })
          const balance = await account.balanceAt(day(at), { by })
          expect(balance.toNumber()).toBe(latest?.[1] ?? 1000)
        }),
        parameters,
      )
    },
    timeout,
  )
})

const { parameters, timeout } = propertyRuns(12)

/** A few days, so that many dates are equal. */
const anyDay = fc.nat({ max: 12 })

const history = fc
  .record({
    lines: fc.array(
      fc.record({
        amount: fc.integer({ min: -9, max: 9 }).filter((amount) => amount !== 0),
        posted: anyDay,
        effective: fc.option(anyDay, { nil: undefined }),
      }),
      { maxLength: 40, size: 'max' },
    ),
    from: anyDay,
    to: anyDay,
    at: anyDay,
    limit: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ lines, ...others }) => {
    const times = lines.map(({ posted }) => posted).toSorted((one, other) => one - other)
    return {
      ...others,
      lines: lines.map((line, index) => ({ ...line, posted: times[index] ?? 0 })),
    }
  })

/** The sequences and running balances of A's entries by effective date, newest first. */
function naive(
  lines: readonly Line[],
  { from = -Infinity, to = Infinity }: { from?: number; to?: number } = {},
): [sequence: number, balance: number][] {
  let balance = 1000
  return lines
    .map(({ amount, posted, effective = posted }, index) => ({
      amount,
      date: effective,
      sequence: index + 1,
    }))
    .toSorted((one, other) => one.date - other.date || one.sequence - other.sequence)
    .map(({ amount, date, sequence }) => ({ date, sequence, balance: (balance += amount) }))
    .filter(({ date }) => date >= from && date < to)
    .map(({ sequence, balance: after }): [number, number] => [sequence, after])
    .toReversed()
}

test('a statement by another date than the two is rejected, and so is a balance', async () => {
  const account = await findA()
  const options = { by: 'createdAt' as never }
  const message = 'by "createdAt" is not "postedAt" or "effectiveAt"'
  await expect(account.statement(options)).rejects.toThrow(message)
  await expect(account.statementEntries(options).next()).rejects.toThrow(message)
  await expect(account.balanceAt(new Date(), options)).rejects.toThrow(message)
})

describe('account.balanceAt by effective date', () => {
  test('starts from the opening balance, and ends with the present one', async () => {
    await post([{ amount: -100, posted: 40, effective: 10 }])
    const account = await findA()
    const balanceAt = async (date: Date) => (await account.balanceAt(date, { by })).toNumber()
    expect(await balanceAt(new Date('0001-01-01'))).toBe(1000)
    expect(await balanceAt(new Date(day(10).getTime() - 1))).toBe(1000)
    expect(await balanceAt(day(10))).toBe(900)
    expect(await balanceAt(new Date(8.64e15))).toBe(900)
    expect(await balanceAt(new Date(-8.64e15))).toBe(1000)
  })
})

test('a statement by effective date says what to do if its index is missing', async () => {
  await post(Array.from({ length: 2_001 }, () => ({ amount: 1, posted: 9, effective: 3 })))
  const account = await findA()
  await connection.collection('transfers').dropIndex('toAccount_1_effectiveAt_1_toSequence_1')
  await expect(account.balanceAt(day(5), { by })).rejects.toMatchObject({
    name: 'DatabaseError',
    message: expect.stringContaining('create it with daybook migrate up') as string,
  })
  await createCollections(connection)
  expect((await account.balanceAt(day(5), { by })).toNumber()).toBe(3001)
})
