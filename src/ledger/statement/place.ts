import type { StatementEntry } from './statement-entry.ts'

/**
 * A place in the order of effective dates: right before the entry of this date with this sequence. Entries of
 * one date are ordered by their sequences.
 */
export interface Place {
  readonly date: Date
  readonly sequence: number
  /** How many transfers would come before it if none had a date of its own; undefined if that is not known. */
  readonly posted?: number
}

/** The first and the last date that exist. */
export const [FIRST_DATE, LAST_DATE] = [new Date(-8.64e15), new Date(8.64e15)]

/** When a transfer happened: when it was posted, if it has no date of its own. */
export const dateOf = ({ effectiveAt, postedAt }: StatementEntry): Date => effectiveAt ?? postedAt

/** The place right before an entry. */
export const placeOf = (entry: StatementEntry): Place => ({
  date: dateOf(entry),
  sequence: entry.sequence,
  ...(!entry.effectiveAt && { posted: entry.sequence - 1 }),
})

/** The place before all entries of a date. */
export const startOf = (date: Date): Place => ({ date, sequence: 0 })

/** Whether one place comes before another. */
export const isBefore = (one: Place, other: Place): boolean =>
  (one.date.getTime() - other.date.getTime() || one.sequence - other.sequence) < 0

/** The newest of some entries, newest first. */
export const newestOf = (entries: readonly StatementEntry[], limit: number): StatementEntry[] =>
  entries
    .toSorted(
      (one, other) =>
        dateOf(other).getTime() - dateOf(one).getTime() || other.sequence - one.sequence,
    )
    .slice(0, limit)
