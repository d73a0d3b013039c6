import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { BalancesOptions, PeriodBalance } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { propertyRuns } from '../support/property-runs.ts'

const { connection, Account } = useDatabase()

const by = 'effectiveAt' as const

beforeEach(openAccounts)

async function openAccounts(): Promise<void> {
  for (const name of ['accounts', 'transfers']) await connection.collection(name).deleteMany({})
  for (const accountId of ['A', 'B']) {
    const openingBalance = '1000'
    await Account.open({ accountId, holder: 'Ada', currency: 'USD', openingBalance })
  }
}

/** What A received, or sent if it is negative, and when. */
interface Line {
  readonly amount: number
  readonly postedAt?: string
  readonly effectiveAt?: string | undefined
}

async function post(lines: readonly Line[]): Promise<void> {
  const results = await Account.transferMany(
    lines.map(({ amount, effectiveAt }, index) => ({
      transferId: `T${index}`,
      from: amount < 0 ? 'A' : 'B',
      to: amount < 0 ? 'B' : 'A',
      amount: Math.abs(amount),
      effectiveAt: effectiveAt === undefined ? undefined : new Date(effectiveAt),
    })),
  )
  expect(results.filter(({ status }) => status !== 'posted')).toEqual([])
  const updates = lines.flatMap(({ postedAt }, index) => {
    if (postedAt === undefined) return []
    const update = { $set: { postedAt: new Date(postedAt) } }
    return [{ updateOne: { filter: { _id: `T${index}` }, update } }]
  })
  if (updates.length === 0) return
  await connection.collection<{ _id: string }>('transfers').bulkWrite(updates)
}

const findA = () => Account.findById('A').orFail()
const balancesOf = async (options: BalancesOptions) => await (await findA()).balances(options)

/** A row in short: when it begins, its amounts and its number of transfers. */
const brief = ({ from, opening, received, sent, closing, count }: PeriodBalance) =>
  [from.toISOString(), ...[opening, received, sent, closing].map(Number), count] as const

describe('account.balances', () => {
  test('are those of each month, also of one in which nothing happened', async () => {
    await post([
      { amount: -100, effectiveAt: '2026-01-15' },
      { amount: 30, effectiveAt: '2026-03-31T23:59:59.999Z' },
      { amount: -5, effectiveAt: '2026-01-01' },
      { amount: 2, effectiveAt: '2026-03-01' },
      { amount: -7, effectiveAt: '2026-04-01' },
    ])
    const range = { from: new Date('2026-01-01'), to: new Date('2026-04-01') }
    const rows = await balancesOf({ every: 'month', by, ...range })
    expect(rows.map(brief)).toEqual([
      ['2026-01-01T00:00:00.000Z', 1000, 0, 105, 895, 2],
      ['2026-02-01T00:00:00.000Z', 895, 0, 0, 895, 0],
      ['2026-03-01T00:00:00.000Z', 895, 32, 0, 927, 2],
    ])
    expect(rows.map(({ to }) => to)).toEqual([
      ...rows.slice(1).map(({ from }) => from),
      new Date('2026-04-01'),
    ])
  })

  test('begin with the days of a time zone, whose length changes with its clocks', async () => {
    const hours = async (timeZone: string, from: string, to: string) => {
      const range = { from: new Date(from), to: new Date(to) }
      const rows = await balancesOf({ every: 'day', timeZone, ...range })
      return rows.map((row) => (row.to.getTime() - row.from.getTime()) / 3_600_000)
    }
    expect(await hours('Europe/Berlin', '2026-03-27T23:00Z', '2026-03-30T22:00Z')).toEqual([
      24, 23, 24,
    ])
    expect(await hours('Europe/Berlin', '2026-10-23T22:00Z', '2026-10-26T23:00Z')).toEqual([
      24, 25, 24,
    ])
    expect(await hours('+05:30', '2026-01-01T18:30Z', '2026-01-03T18:30Z')).toEqual([24, 24])
    expect(await hours('Pacific/Honolulu', '2026-03-01T05:00Z', '2026-03-02T10:00Z')).toEqual([
      5, 24,
    ])
    // In this zone clocks went from 24:00 to 01:00.
    expect(await hours('America/Sao_Paulo', '2017-10-14T03:00Z', '2017-10-17T02:00Z')).toEqual([
      24, 23, 24,
    ])
    // Samoa had no 30 December.
    expect(await hours('Pacific/Apia', '2011-12-29T10:00Z', '2012-01-01T10:00Z')).toEqual([
      24, 24, 24,
    ])
  })

  test('are cut where the range begins and ends, and weeks begin on Monday', async () => {
    const range = { from: new Date('2026-01-07T12:00Z'), to: new Date('2026-01-21T06:00Z') }
    const rows = await balancesOf({ every: 'week', ...range })
    expect(rows.map(({ from }) => from)).toEqual([
      range.from,
      new Date('2026-01-12'),
      new Date('2026-01-19'),
    ])
    expect(rows.at(-1)?.to).toEqual(range.to)
    expect(await balancesOf({ every: 'week', from: range.to, to: range.from })).toEqual([])
  })

  test('are by default from the first transfer to the present period', async () => {
    const now = new Date()
    const year = now.getUTCFullYear()
    await post([{ amount: -1, effectiveAt: `${year - 2}-05-05` }])
    const years = (await balancesOf({ every: 'year', by })).map(({ from, to, closing }) => [
      from.getUTCFullYear(),
      to.getUTCFullYear(),
      Number(closing),
    ])
    expect(years).toEqual([
      [year - 2, year - 1, 999],
      [year - 1, year, 999],
      [year, year + 1, 999],
    ])
    expect(await balancesOf({ every: 'year' })).toHaveLength(1)
    const account = await findA()
    await connection.collection('accounts').deleteMany({})
    expect(await account.balances({ every: 'year' })).toEqual([])
  })

  test('are refused for too many periods, and say what to choose', async () => {
    const range = { from: new Date('0001-01-01'), to: new Date('9999-12-31') }
    expect(await balancesOf({ every: 'year', ...range, from: new Date('9000') })).toHaveLength(
      1_000,
    )
    await expect(balancesOf({ every: 'day', ...range })).rejects.toMatchObject({
      name: 'InputError',
      message:
        'there are more than 10000 periods between 0001-01-01T00:00:00.000Z and 9999-12-31T00:00:00.000Z: choose closer dates, or a longer period than a day',
    })
  })

  test.each<[object | undefined, string]>([
    [undefined, 'the options argument of balances() is undefined, not an object with every'],
    [{}, 'every undefined is not one of day, week, month, year'],
    [{ every: 'months' }, 'every "months" is not one of day, week, month, year'],
    [{ every: 'day', timeZone: 'Berlin' }, 'timeZone "Berlin" is not a time zone such as'],
    [{ every: 'day', timeZone: 2 }, 'timeZone 2 is not a time zone such as Europe/Berlin'],
    [{ every: 'day', from: '2026-01-01' }, 'from "2026-01-01" is not a valid Date'],
    [{ every: 'day', to: new Date('+010000-01-01') }, 'is not a valid Date in the years 1 to 9999'],
    [{ every: 'day', by: 'createdAt' }, 'by "createdAt" is not "postedAt" or "effectiveAt"'],
    [{ every: 'day', zone: 'UTC' }, 'balances() has an unknown key, "zone"'],
  ])('reject %o with an error that states the rule', async (options, message) => {
    await expect(balancesOf(options as never)).rejects.toThrow(message)
  })

  test(
    'are what a sum over the transfers of each period gives, in any zone and order',
    async () => {
      await fc.assert(
        fc.asyncProperty(history, async ({ lines, every, timeZone, order }) => {
          await openAccounts()
          await post(lines)
          const rows = await balancesOf({ every, timeZone, by: order, ...RANGE })
          let closing = 1000
          for (const [index, row] of rows.entries()) {
            const name = periodName(row.from, every, timeZone)
            const inPeriod = lines.filter(({ postedAt, effectiveAt }) => {
              const date = (order === by ? effectiveAt : undefined) ?? postedAt
              return periodName(new Date(date), every, timeZone) === name
            })
            const amounts = inPeriod.map(({ amount }) => amount)
            const sum = (values: number[]) => values.reduce((one, other) => one + other, 0)
            const received = sum(amounts.filter((amount) => amount > 0))
            const sent = -sum(amounts.filter((amount) => amount < 0)) + 0
            const opening = closing
            closing += received - sent
            expect(brief(row)).toEqual([
              row.from.toISOString(),
              opening,
              received,
              sent,
              closing,
              inPeriod.length,
            ])
            expect(row.to).toEqual(rows[index + 1]?.from ?? RANGE.to)
            expect(periodName(new Date(row.to.getTime() - 1), every, timeZone)).toBe(name)
            expect(index).toBe(
              rows.findIndex((other) => periodName(other.from, every, timeZone) === name),
            )
          }
          expect(closing).toBe(1000 + lines.reduce((all, { amount }) => all + amount, 0))
        }),
        parameters,
      )
    },
    timeout,
  )
})

const { parameters, timeout } = propertyRuns(10)

/** In it the clocks of these zones are turned. */
const RANGE = { from: new Date('2026-03-01T05:00Z'), to: new Date('2026-04-14T05:00Z') }

const anyDate = fc
  .integer({ min: RANGE.from.getTime() / 900_000, max: RANGE.to.getTime() / 900_000 - 1 })
  .map((quarters) => new Date(quarters * 900_000).toISOString())

const history = fc
  .record({
    lines: fc.array(
      fc.record({
        amount: fc.integer({ min: -9, max: 9 }).filter((amount) => amount !== 0),
        postedAt: anyDate,
        effectiveAt: fc.option(anyDate, { nil: undefined }),
      }),
      { maxLength: 30, size: 'max' },
    ),
    every: fc.constantFrom('day', 'week', 'month', 'year'),
    timeZone: fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Pacific/Honolulu',
      '-09:30',
    ),
    order: fc.constantFrom('postedAt', 'effectiveAt'),
  })
  .map(({ lines, ...others }) => {
    const times = lines.map(({ postedAt }) => postedAt).toSorted()
    return {
      ...others,
      lines: lines.map((line, index) => ({ ...line, postedAt: `${times[index]}` })),
    }
  })

/** What a calendar on the wall of a zone says about the period of a moment. */
function periodName(moment: Date, every: BalancesOptions['every'], timeZone: string): string {
  // A fixed offset is a zone of its own for newer versions of Node only.
  const isFixed = timeZone === '-09:30'
  const shown = isFixed ? new Date(moment.getTime() - 9.5 * 3_600_000) : moment
  const day = shown.toLocaleDateString('sv-SE', { timeZone: isFixed ? 'UTC' : timeZone })
  if (every === 'day') return day
  if (every === 'month') return day.slice(0, 7)
  if (every === 'year') return day.slice(0, 4)
  const monday = new Date(day)
  while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() - 1)
  return monday.toISOString().slice(0, 10)
}
