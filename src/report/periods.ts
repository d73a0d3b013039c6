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
  { match, date }: { match: object; date: object | string },
): Promise<CurrencyPeriods[]> {
  const sums = { transfers: { $sum: 1 }, amount: { $sum: '$amount' } }
  const totals = await aggregate<Totals>(connection, [
    { $match: match },
    { $group: { _id: '$currency', ...sums, first: { $min: date }, last: { $max: date } } },
    { $sort: { transfers: -1, _id: 1 } },
  ]).toArray()
  const units = new Map(totals.map(({ _id, first, last }) => [_id, unitOf(first, last)]))
  const shown = new Map<string, { periods: PeriodMoney[]; count: number }>()
  for (const every of new Set(units.values())) {
    const currencies = [...units].flatMap(([currency, unit]) => (unit === every ? [currency] : []))
    const found = aggregate<PeriodSums>(connection, [
      { $match: { $and: [match, { currency: { $in: currencies } }] } },
      {
        $group: {
          _id: {
            currency: '$currency',
            period: { $dateToString: { date, format: FORMATS[every] } },
          },
          ...sums,
        },
      },
      { $sort: { '_id.period': -1 } },
    ])
    for await (const { _id, transfers, amount } of found) {
      const entry = shown.get(_id.currency) ?? { periods: [], count: 0 }
      shown.set(_id.currency, entry)
      entry.count++
      if (entry.periods.length >= LIMITS.periods) continue
      const [from, to] = bordersOf(_id.period, every)
      entry.periods.push({ from, to, transfers, amount: money(amount, _id.currency) })
    }
  }
  return totals.map(({ _id: currency, transfers, amount }) => {
    const { periods = [], count = 0 } = shown.get(currency) ?? {}
    return {
      currency,
      transfers,
      amount: money(amount, currency),
      every: units.get(currency) ?? 'year',
      periods: periods.toReversed(),
      leftOut: count - periods.length,
    }
  })
}

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

interface Totals {
  readonly _id: string
  readonly transfers: number
  readonly amount: Decimal128
  readonly first: Date
  readonly last: Date
}

interface PeriodSums {
  readonly _id: { readonly currency: string; readonly period: string }
  readonly transfers: number
  readonly amount: Decimal128
}

const FORMATS = { day: '%Y-%m-%d', month: '%Y-%m', year: '%Y' } as const

const DAY_MS = 86_400_000

function unitOf(first: Date, last: Date): PeriodUnit {
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
