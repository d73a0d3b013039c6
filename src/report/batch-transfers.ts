import type { Connection } from 'mongoose'
import { LIMITS } from './limits.ts'
import {
  type FoundMoves,
  MOVED_STAGES,
  type MovedAccounts,
  movedAccounts,
} from './moved-accounts.ts'
import {
  type CurrencyPeriods,
  type MoneyTotals,
  type PeriodSums,
  aggregate,
  currencyPeriods,
  periodStages,
  totalsOf,
} from './periods.ts'

/** What a batch posted. */
export interface BatchTransfers {
  /** How many transfers were posted in each part of the run, by the time of their posting. Parts without any are absent. */
  readonly posted: readonly { readonly from: Date; readonly to: Date; readonly transfers: number }[]
  readonly accounts: readonly MovedAccounts[]
  /** The money that it moved by the dates of its transfers, of those that have one. */
  readonly money: readonly CurrencyPeriods[]
}

/**
 * What a batch posted. No index has the batch of a transfer, so each question would read all transfers: they are read
 * twice, first for the borders of the parts and then for everything else.
 */
export async function batchTransfers(
  connection: Connection,
  batch: string,
): Promise<BatchTransfers> {
  const borders = await aggregate<Borders>(connection, [{ $match: { batch } }, BORDERS]).toArray()
  if (borders.length === 0) return { posted: [], accounts: [], money: [] }
  const start = Math.min(...borders.map(({ firstPosted }) => firstPosted.getTime()))
  const end = Math.max(...borders.map(({ lastPosted }) => lastPosted.getTime()))
  const length = Math.max(1, Math.ceil((end - start + 1) / LIMITS.periods))
  const totals = borders.flatMap(({ _id, ...total }) =>
    _id.isDated ? [{ ...total, _id: _id.currency }] : [],
  )
  const [found] = await aggregate<Found>(connection, [
    { $match: { batch } },
    // Each of the following gets no more than this, which makes them a third faster.
    { $project: USED_FIELDS },
    {
      $facet: {
        posted: [
          {
            $group: {
              _id: partOf({ $subtract: ['$postedAt', new Date(start)] }, length),
              transfers: { $sum: 1 },
            },
          },
          { $sort: { _id: 1 } },
        ],
        accounts: MOVED_STAGES,
        money: [
          { $match: { effectiveAt: { $type: 'date' } } },
          ...periodStages(totals, '$effectiveAt'),
        ],
      },
    },
  ]).toArray()
  const { posted = [], accounts = [], money = [] } = found ?? {}
  return {
    posted: posted.map(({ _id: part, transfers }) => ({
      from: new Date(start + part * length),
      to: new Date(start + (part + 1) * length),
      transfers,
    })),
    accounts: await movedAccounts(connection, accounts),
    money: currencyPeriods(totals, money),
  }
}

/** The number, from 0, of the part that a distance falls into. */
export const partOf = (distance: object, length: number) => ({
  $toInt: { $floor: { $divide: [distance, length] } },
})

/** When transfers of a batch were posted, and when they happened, those with an effective date by themselves. */
const BORDERS = {
  $group: {
    _id: { currency: '$currency', isDated: { $eq: [{ $type: '$effectiveAt' }, 'date'] } },
    ...totalsOf('$effectiveAt'),
    firstPosted: { $min: '$postedAt' },
    lastPosted: { $max: '$postedAt' },
  },
}

interface Borders extends Omit<MoneyTotals, '_id'> {
  readonly _id: { readonly currency: string; readonly isDated: boolean }
  readonly firstPosted: Date
  readonly lastPosted: Date
}

const USED_FIELDS = {
  _id: 0,
  fromAccount: 1,
  toAccount: 1,
  amount: 1,
  currency: 1,
  fromSequence: 1,
  toSequence: 1,
  postedAt: 1,
  effectiveAt: 1,
}

interface Found {
  readonly posted: readonly { readonly _id: number; readonly transfers: number }[]
  readonly accounts: readonly FoundMoves[]
  readonly money: readonly PeriodSums[]
}
