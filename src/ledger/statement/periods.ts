import { InputError } from '../../errors.ts'
import { clockOf, localTimeOf } from '../../time-zones.ts'

/** How long a period of balances is. A week starts on Monday. */
export type PeriodLength = 'day' | 'week' | 'month' | 'year'

/** The most periods of one call: each takes some memory, here and on the server. */
const MOST_PERIODS = 10_000

const DAY = 86_400_000

/** The first day of the period that a day is in, or of one of the next ones. Days are counted from 1970. */
const firstDayOf: Readonly<Record<PeriodLength, (day: number, next: number) => number>> = {
  day: (day, next) => day + next,
  // 1970 began on a Thursday.
  week: (day, next) => day - ((((day + 3) % 7) + 7) % 7) + 7 * next,
  month: (day, next) => firstOfMonth(day, (year, month) => [year, month + next]),
  year: (day, next) => firstOfMonth(day, (year) => [year + next, 0]),
}

export const PERIOD_LENGTHS = Object.keys(firstDayOf) as PeriodLength[]

function firstOfMonth(
  day: number,
  change: (year: number, month: number) => [year: number, month: number],
): number {
  const date = new Date(day * DAY)
  const [year, month] = change(date.getUTCFullYear(), date.getUTCMonth())
  return new Date(0).setUTCFullYear(year, month, 1) / DAY
}

/** Periods that begin and end with the days of a time zone. */
export class Periods {
  readonly #every: PeriodLength
  readonly #localTime: (local: number) => number
  readonly #clock: (time: number) => number

  constructor({ every, timeZone }: { every: PeriodLength; timeZone: string }) {
    this.#every = every
    this.#localTime = localTimeOf(timeZone)
    this.#clock = clockOf(timeZone)
  }

  /** When the period of a date begins, or with `next` one of those after it. */
  startOf(date: Date, next = 0): Date {
    const day = Math.floor(this.#clock(date.getTime()) / DAY)
    return new Date(this.#localTime(firstDayOf[this.#every](day, next) * DAY))
  }

  /**
   * Where the periods between two dates meet, from the first date to the last one.
   * @throws InputError if there are too many
   */
  between({ from, to }: { from: Date; to: Date }): Date[] {
    const borders = [from]
    for (let next = 1; ; next += 1) {
      const border = this.startOf(from, next)
      if (border >= to) break
      // Where a zone has skipped a day, that day would begin when the next one does.
      if (border > (borders.at(-1) as Date)) borders.push(border)
      if (borders.length > MOST_PERIODS) {
        throw new InputError(
          `there are more than ${MOST_PERIODS} periods between ${from.toISOString()} and ${to.toISOString()}: choose closer dates, or a longer period than a ${this.#every}`,
        )
      }
    }
    return [...borders, to]
  }
}
