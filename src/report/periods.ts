import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import { type Decimal128, formatMoney, toDecimal } from '../money/money.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { LIMITS } from './limits.ts'

/** The money of one currency that transfers moved in a period. */
export interface PeriodMoney {
  readonly from: Date
  /** When the next period begins. */
  readonly to: Date
  readonly transfers: number
  readonly amount: string
}

/** The money of one currency by period, oldest first. Periods without transfers are absent. */
export interface CurrencyPeriods {
  readonly currency: string
  /** All transfers of the selection in this currency, and their sum. */
  readonly transfers: number
  readonly amount: string
  readonly every: PeriodUnit
  readonly periods: readonly PeriodMoney[]
  /** How many periods before the first are left out. */
  readonly leftOut: number
}

export type PeriodUnit = 'day' | 'month' | 'year'

/**
 * The money that transfers moved by day, month or year in UTC, for each currency, those with most transfers first. The
 * unit is the shortest with which each currency has few periods. The server does the sums.
 */
export async function moneyByPeriod(
  connection: Connection,
  date: object | string,
): Promise<CurrencyPeriods[]> {
  const totals = await aggregate<MoneyTotals>(connection, [
    { $group: { _id: '$currency', ...totalsOf(date) } },
  ]).toArray()
  if (totals.length === 0) return []
  const found = aggregate<PeriodSums>(connection, periodStages(totals, date))
  return currencyPeriods(totals, await found.toArray())
}

/** The number of transfers, their sum, and their first and last date, for a stage that groups them. */
export const totalsOf = (date: object | string) => ({
  ...SUMS,
  first: { $min: date },
  last: { $max: date },
})

const SUMS = { transfers: { $sum: 1 }, amount: { $sum: '$amount' } }

/** Groups transfers by currency: their latest periods, of the unit that follows from their first and last date. */
export function periodStages(totals: readonly MoneyTotals[], date: object | string): object[] {
  const hasUnit = (unit: PeriodUnit) => ({
    $in: ['$currency', { $literal: currenciesOf(totals, unit) }],
  })
  const { day, month, year } = FORMATS
  const format = { $cond: [hasUnit('day'), day, { $cond: [hasUnit('month'), month, year] }] }
  return [
    {
      $group: {
        _id: { currency: '$currency', period: { $dateToString: { date, format } } },
        ...SUMS,
      },
    },
    {
      $group: {
        _id: '$_id.currency',
        count: { $sum: 1 },
        latest: {
          $topN: {
            n: LIMITS.periods,
            sortBy: { '_id.period': -1 },
            output: { period: '$_id.period', transfers: '$transfers', amount: '$amount' },
          },
        },
      },
    },
  ]
}

const currenciesOf = (totals: readonly MoneyTotals[], unit: PeriodUnit): string[] =>
  totals.filter((total) => unitOf(total) === unit).map(({ _id }) => _id)

/** What the server has found, those currencies first that have most transfers. */
export function currencyPeriods(
  totals: readonly MoneyTotals[],
  sums: readonly PeriodSums[],
): CurrencyPeriods[] {
  return totals
    .toSorted((one, other) => other.transfers - one.transfers || (one._id < other._id ? -1 : 1))
    .map((total) => {
      const { _id: currency, transfers } = total
      const every = unitOf(total)
      const { latest, count } = sums.find(({ _id }) => _id === currency) ?? NO_PERIODS
      const periods = latest.map(({ period, ...of }): PeriodMoney => {
        const [from, to] = bordersOf(period, every)
        return { from, to, transfers: of.transfers, amount: money(of.amount, currency) }
      })
      return {
        currency,
        transfers,
        amount: money(total.amount, currency),
        every,
        periods: periods.toReversed(),
        leftOut: count - periods.length,
      }
    })
}

const NO_PERIODS = { latest: [], count: 0 }

/** Aggregates transfers, or another collection of the ledger, on the primary. */
export const aggregate = <Result extends object>(
  connection: Connection,
  pipeline: object[],
  collection: 'transfers' | 'accounts' | 'refusals' = 'transfers',
): mongo.AggregationCursor<Result> =>
  primaryDatabaseOf(connection)
    .collection(collectionsOf(connection)[collection])
    .aggregate<Result>(pipeline, { allowDiskUse: true, promoteValues: true })

export const money = (stored: Decimal128, currency: string): string =>
  formatMoney(toDecimal(stored), currency)

/** All transfers of a selection in one currency. */
export interface MoneyTotals {
  readonly _id: string
  readonly transfers: number
  readonly amount: Decimal128
  readonly first: Date
  readonly last: Date
}

/** The latest periods of one currency, the latest first, and how many it has in all. */
export interface PeriodSums {
  readonly _id: string
  readonly count: number
  readonly latest: readonly {
    readonly period: string
    readonly transfers: number
    readonly amount: Decimal128
  }[]
}

const FORMATS = { day: '%Y-%m-%d', month: '%Y-%m', year: '%Y' } as const

const DAY_MS = 86_400_000

function unitOf({ first, last }: Pick<MoneyTotals, 'first' | 'last'>): PeriodUnit {
  const days = (last.getTime() - first.getTime()) / DAY_MS
  if (days < LIMITS.periods - 1) return 'day'
  return days < (LIMITS.periods - 2) * 30 ? 'month' : 'year'
}

function bordersOf(period: string, every: PeriodUnit): [from: Date, to: Date] {
  const from = new Date(
    `${period}${every === 'day' ? '' : every === 'month' ? '-01' : '-01-01'}T00:00:00Z`,
  )
  const to = new Date(from)
  if (every === 'day') to.setUTCDate(to.getUTCDate() + 1)
  else if (every === 'month') to.setUTCMonth(to.getUTCMonth() + 1)
  else to.setUTCFullYear(to.getUTCFullYear() + 1)
  return [from, to]
}
