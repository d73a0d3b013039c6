import type { mongo } from 'mongoose'
import { DatabaseError } from '../../errors.ts'
import { reasonOf } from '../../messages.ts'
import { Decimal, type Decimal128, toDecimal } from '../../money/money.ts'
import { type AccountHistory, readEach } from './account-history.ts'
import { type EntrySide, SIDES } from './statement-entry.ts'

/** Some transfers of an account, and which of their dates counts. */
export interface TransferSelection {
  readonly date: 'postedAt' | 'effectiveAt'
  readonly filterOf: (side: EntrySide) => object
  readonly hintOf?: (side: EntrySide) => mongo.IndexSpecification
}

/** A range of time: its start is included, its end is not. */
export interface DateRange {
  readonly from: Date
  readonly to: Date
}

/** The transfers of an account, ordered by one of their dates. */
export interface DatedOrder {
  readonly history: AccountHistory
  /** A value of the account's currency. */
  readonly inCurrency: (value: Decimal) => Decimal
  /** When the first and the last transfer happened; undefined if there is no account. */
  readonly dates: () => Promise<readonly [first: Date, last: Date] | undefined>
  readonly balanceBefore: (date: Date) => Promise<Decimal>
  readonly selectionsIn: (range: DateRange) => Promise<TransferSelection[]>
}

/** What an account received and sent in a period, and in how many transfers. */
export interface Flow {
  readonly received: Decimal
  readonly sent: Decimal
  readonly count: number
}

/** What the server has added up. */
interface Total {
  readonly _id: number
  readonly amount: Decimal128
  readonly count: number
}

/**
 * Adds transfers up by the periods between borders, in their order. The server does it in one pass, so that a period
 * costs no query, and no transfer is sent.
 */
export async function flowsBetween(
  borders: readonly Date[],
  history: AccountHistory,
  selections: readonly TransferSelection[],
): Promise<Flow[]> {
  const { accountId, transfers, within } = history
  const periods = borders.length - 1
  const sums = Array.from({ length: periods }, () => ({
    fromAccount: new Decimal(0),
    toAccount: new Decimal(0),
    count: 0,
  }))
  const parts = selections.flatMap((selection) => SIDES.map((side) => ({ ...selection, side })))
  await readEach(history, parts, async ({ date, filterOf, hintOf, side }) => {
    const pipeline = [
      { $match: { [side.account]: accountId, ...filterOf(side) } },
      {
        $group: {
          _id: periodOf(`$${date}`, borders, { first: 0, last: periods - 1 }),
          amount: { $sum: '$amount' },
          count: { $sum: 1 },
        },
      },
    ]
    const totals = await transfers
      .aggregate<Total>(pipeline, { ...within, ...(hintOf && { hint: hintOf(side) }) })
      .toArray()
      .catch(explainMissingIndex)
    for (const total of totals) {
      const sum = sums[total._id] as (typeof sums)[number]
      sum[side.account] = sum[side.account].plus(toDecimal(total.amount))
      sum.count += total.count
    }
  })
  return sums.map(({ toAccount, fromAccount, count }) => ({
    received: toAccount,
    sent: fromAccount,
    count,
  }))
}

/** An expression for the number of the period that a date is in. It halves the periods until one is left. */
function periodOf(
  date: string,
  borders: readonly Date[],
  { first, last }: { first: number; last: number },
): unknown {
  if (first === last) return { $literal: first }
  const middle = Math.ceil((first + last) / 2)
  return {
    $cond: [
      { $lt: [date, borders[middle]] },
      periodOf(date, borders, { first, last: middle - 1 }),
      periodOf(date, borders, { first: middle, last }),
    ],
  }
}

/** @throws DatabaseError if an error is about a missing index */
export function explainMissingIndex(error: unknown): never {
  if (!/hint provided does not correspond to an existing index/.test(reasonOf(error))) throw error
  throw new DatabaseError(
    'the collection transfers has no index by effective date: create it with daybook migrate up or createCollections()',
    { cause: error },
  )
}
