import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'

/** A range of whole days in UTC. */
export interface DayRange {
  /** The first day, such as `2025-01-01`. */
  readonly from: string
  /** The last day, which is part of the range. */
  readonly to: string
}

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * The start of each day of a range, in milliseconds.
 * @throws InputError if a day is not in the calendar, or the last one is before the first
 */
export function daysOf({ from, to }: DayRange): readonly number[] {
  const [first, last] = [startOf(from, 'from'), startOf(to, 'to')]
  if (last < first) throw new InputError(`'to' ${to} is before 'from' ${from}`)
  return Array.from({ length: (last - first) / DAY_MS + 1 }, (_, index) => first + index * DAY_MS)
}

function startOf(day: string, option: string): number {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN
  // Date.parse takes 2025-02-30 for a day of March.
  if (!Number.isNaN(start) && new Date(start).toISOString().startsWith(day)) return start
  throw new InputError(`'${option}' ${quote(day)} is not a day such as 2025-01-31`)
}
