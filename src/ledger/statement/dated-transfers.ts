import type { mongo } from 'mongoose'
import { DatabaseError } from '../../errors.ts'
import { reasonOf } from '../../messages.ts'
import { Decimal, type Decimal128, toDecimal } from '../../money/money.ts'
import type { AccountHistory } from './account-history.ts'
import { type Place, newestOf } from './place.ts'
import type { SequenceRange } from './posted-order.ts'
import { type EntrySide, SIDES, type StatementEntry } from './statement-entry.ts'

/** A part of the order of effective dates: from a date, included, to a place. */
export interface EffectiveRange {
  readonly from: Date
  readonly to: Place
}

/** The transfers of an account that have an effective date of their own, along the index of those. */
export class DatedTransfers {
  readonly #history: AccountHistory
  /** The sequence of the last transfer that counts. */
  readonly #count: number

  constructor(history: AccountHistory, count: number) {
    this.#history = history
    this.#count = count
  }

  /** The newest entries in a range, newest first. */
  async newestIn(range: EffectiveRange, limit: number): Promise<StatementEntry[]> {
    const entries = await Promise.all(
      SIDES.map(async (side) => {
        const { from, to } = range
        const sameDate =
          to.sequence > 1 && to.date >= from
            ? await this.#read(side, { date: to.date, before: to.sequence, limit })
            : []
        const left = limit - sameDate.length
        if (left === 0) return sameDate
        const earlier = { date: { $gte: from, $lt: to.date }, before: Infinity, limit: left }
        return [...sameDate, ...(await this.#read(side, earlier))]
      }),
    )
    return newestOf(entries.flat(), limit)
  }

  async #read(
    { account, sequence, entryOf }: EntrySide,
    { date, before, limit }: { date: mongo.Condition<Date>; before: number; limit: number },
  ): Promise<StatementEntry[]> {
    const sequences = { $lt: Math.min(before, this.#count + 1) }
    const { accountId, transfers } = this.#history
    const found = await transfers
      .find({ [account]: accountId, effectiveAt: date, [sequence]: sequences })
      .sort({ effectiveAt: -1, [sequence]: -1 })
      .limit(limit)
      .toArray()
    return found.map(entryOf)
  }

  /** The sum of what has these dates and sequences: received − sent. */
  async sum(date: mongo.Condition<Date>, { after, before }: SequenceRange): Promise<Decimal> {
    const end = Math.min(before, this.#count + 1)
    if (end - after <= 1) return new Decimal(0)
    const { accountId, transfers } = this.#history
    const [sent, received] = await Promise.all(
      SIDES.map(async ({ account, sequence }) => {
        const sequences = { $gt: after, $lt: end }
        const filter = { [account]: accountId, effectiveAt: date, [sequence]: sequences }
        // Without a hint the server often takes the longer of the two ways.
        const isShort = end - after <= SHORT_RANGE
        const hint = { [account]: 1, ...(!isShort && { effectiveAt: 1 }), [sequence]: 1 }
        // The server adds a million amounts at the limit without rounding.
        const group = { _id: null, sum: { $sum: '$amount' } }
        const [total] = await transfers
          .aggregate<{ sum: Decimal128 }>([{ $match: filter }, { $group: group }], { hint })
          .toArray()
          .catch(explainMissingIndex)
        return total ? toDecimal(total.sum) : new Decimal(0)
      }),
    )
    return (received as Decimal).minus(sent as Decimal)
  }
}

/** Up to this many sequences are looked through instead of the dates. */
const SHORT_RANGE = 2_000

/** @throws DatabaseError if an error is about a missing index */
function explainMissingIndex(error: unknown): never {
  if (!/hint provided does not correspond to an existing index/.test(reasonOf(error))) throw error
  throw new DatabaseError(
    'the collection transfers has no index by effective date: create it with daybook migrate up or createCollections()',
    { cause: error },
  )
}
