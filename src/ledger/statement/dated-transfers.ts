import type { mongo } from 'mongoose'
import { Decimal, type Decimal128, toDecimal } from '../../money/money.ts'
import { type AccountHistory, readEach } from './account-history.ts'
import { type DateRange, type TransferSelection, explainMissingIndex } from './flows.ts'
import { FIRST_DATE, type Place, newestOf } from './place.ts'
import type { SequenceRange } from './entries-between.ts'
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
    const { from, to } = range
    const entries = await readEach(this.#history, SIDES, async (side) => {
      const sameDate =
        to.sequence > 1 && to.date >= from
          ? await this.#read(side, { date: to.date, before: to.sequence, limit })
          : []
      const left = limit - sameDate.length
      if (left === 0) return sameDate
      const earlier = { date: { $gte: from, $lt: to.date }, before: Infinity, limit: left }
      return [...sameDate, ...(await this.#read(side, earlier))]
    })
    return newestOf(entries.flat(), limit)
  }

  async #read(
    { account, sequence, entryOf }: EntrySide,
    { date, before, limit }: { date: mongo.Condition<Date>; before: number; limit: number },
  ): Promise<StatementEntry[]> {
    const sequences = { $lt: Math.min(before, this.#count + 1) }
    const { accountId, transfers, within } = this.#history
    const found = await transfers
      .find({ [account]: accountId, effectiveAt: date, [sequence]: sequences }, within)
      .sort({ effectiveAt: -1, [sequence]: -1 })
      .limit(limit)
      .toArray()
    return found.map((transfer) => entryOf(transfer, this.#history.ownFields))
  }

  /** The first and the last of their dates; undefined if there are none. */
  async dates(): Promise<readonly [first: Date, last: Date] | undefined> {
    const { accountId, transfers, within } = this.#history
    const directions = SIDES.flatMap((side) =>
      ([1, -1] as const).map((direction) => ({ ...side, direction })),
    )
    const ends = await readEach(
      this.#history,
      directions,
      async ({ account, sequence, direction }) => {
        const filter = { [account]: accountId, effectiveAt: { $gt: FIRST_DATE } }
        const found = await transfers
          .find(filter, within)
          .sort({ effectiveAt: direction, [sequence]: direction })
          .limit(1)
          .toArray()
        return found.flatMap(({ effectiveAt }) => (effectiveAt ? [effectiveAt.getTime()] : []))
      },
    )
    const times = ends.flat()
    return times.length === 0
      ? undefined
      : [new Date(Math.min(...times)), new Date(Math.max(...times))]
  }

  /** Those that happened in a range of time. */
  selectionIn({ from, to }: DateRange): TransferSelection {
    return {
      date: 'effectiveAt',
      filterOf: ({ sequence }) => ({
        effectiveAt: { $gte: from, $lt: to },
        [sequence]: { $lte: this.#count },
      }),
      hintOf: (side) => hintFor(side, this.#count),
    }
  }

  /** The sum of what has these dates and sequences: received − sent. */
  async sum(date: mongo.Condition<Date>, { after, before }: SequenceRange): Promise<Decimal> {
    const end = Math.min(before, this.#count + 1)
    if (end - after <= 1) return new Decimal(0)
    const { accountId, transfers, within } = this.#history
    const [sent, received] = await readEach(this.#history, SIDES, async (side) => {
      const { account, sequence } = side
      const sequences = { $gt: after, $lt: end }
      const filter = { [account]: accountId, effectiveAt: date, [sequence]: sequences }
      const options = { ...within, hint: hintFor(side, end - after) }
      // The server adds a million amounts at the limit without rounding.
      const group = { _id: null, sum: { $sum: '$amount' } }
      const [total] = await transfers
        .aggregate<{ sum: Decimal128 }>([{ $match: filter }, { $group: group }], options)
        .toArray()
        .catch(explainMissingIndex)
      return total ? toDecimal(total.sum) : new Decimal(0)
    })
    return (received as Decimal).minus(sent as Decimal)
  }
}

/** Up to this many sequences are looked through instead of the dates. */
const SHORT_RANGE = 2_000

/**
 * The index to use for a range of dates and so many sequences. Without a hint the server often takes the longer of
 * the two ways.
 */
const hintFor = ({ account, sequence }: EntrySide, sequences: number) => ({
  [account]: 1 as const,
  ...(sequences > SHORT_RANGE && { effectiveAt: 1 as const }),
  [sequence]: 1 as const,
})
