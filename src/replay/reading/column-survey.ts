import { DECIMAL_MARKS, GROUP_SEPARATORS, MarkedAmount, amountReader } from './values/amounts.ts'
import type { AmountSpelling } from './values/amounts.ts'
import { isCurrency } from '../../money/currency.ts'
import { isKnownDate, possibleFormats } from './values/dates.ts'

/** What a column's dates show about their format. */
export type DateFinding =
  /** They need no format. */
  | { readonly known: true }
  /** The formats that all of them fit, the first of them with the day first. Two if no date shows which is meant. */
  | { readonly formats: readonly string[]; readonly example: string }

/** What a column's amounts show about their spelling. */
export interface AmountFinding {
  /** The spellings in which most of them can be read, the simplest first; one for each meaning. */
  readonly spellings: readonly AmountSpelling[]
  /** One that the spellings read as different numbers. */
  readonly example?: string
  readonly hasDecimals: boolean
  /** Whether some are read only if the options name the spelling, although it is the usual one. */
  readonly needsSpelling: boolean
  /** Whether all that are not zero are negative. */
  readonly areNegative: boolean
}

/** The part of a column's values that must be of a kind. The others may be totals or notes of the bank. */
export const LEAST_SHARE = 0.9

/** Values of a column, in bounded memory however many they are. */
export class ColumnSurvey {
  #count = 0
  #knownDates = 0
  #datesSeen = 0
  #first: string | undefined
  #isConstant = true
  readonly #dates = new Map<string, DateForm>()
  readonly #amounts = new AmountSurvey()

  add(value: string): void {
    if (value === '') return
    this.#count += 1
    this.#first ??= value
    this.#isConstant &&= value === this.#first
    if (value.length > LONGEST) return
    // Most columns are soon seen to be neither.
    const isSeen = this.#count > ENOUGH
    if (!isSeen || this.#datesSeen * 2 > this.#count) this.#addDate(value)
    if (!isSeen || this.#amounts.numbers * 2 > this.#count) this.#amounts.add(value)
  }

  /** How many records have a value. */
  get filled(): number {
    return this.#count
  }

  /** Whether several records have a value, and all of them the same. */
  get isConstant(): boolean {
    return this.#isConstant && this.#count > 1
  }

  /** Undefined if the values are not dates of one form. */
  get dates(): DateFinding | undefined {
    if (this.#isMost(this.#knownDates)) return { known: true }
    const form = [...this.#dates.values()].find(({ count }) => this.#isMost(count))
    if (!form) return undefined
    const { dayFirst, monthFirst, onlyDayFirst, onlyMonthFirst, example } = form
    if (onlyDayFirst > 0 && onlyMonthFirst > 0) return undefined
    const formats = [
      ...(onlyMonthFirst === 0 ? [dayFirst] : []),
      ...(onlyDayFirst === 0 ? [monthFirst] : []),
    ]
    return { formats, example }
  }

  /** Whether the values are amounts. */
  get areAmounts(): boolean {
    return this.#isMost(this.#amounts.numbers)
  }

  /** What the amounts of several columns show together. */
  static amountsOf(columns: readonly ColumnSurvey[]): AmountFinding {
    const all = new AmountSurvey()
    for (const column of columns) all.include(column.#amounts)
    return all.finding()
  }

  #addDate(value: string): void {
    if (isKnownDate(value)) {
      this.#knownDates += 1
      this.#datesSeen += 1
      return
    }
    const formats = possibleFormats(value)
    const [first = '', second] = formats
    if (first === '') return
    this.#datesSeen += 1
    const isDayFirst = first.startsWith('d')
    const key = withLongParts(isDayFirst ? first : swapped(first))
    const form = this.#dates.get(key)
    const dayFirst = shorter(form?.dayFirst, isDayFirst ? first : swapped(first))
    this.#dates.set(key, {
      dayFirst,
      monthFirst: swapped(dayFirst),
      count: (form?.count ?? 0) + 1,
      onlyDayFirst: (form?.onlyDayFirst ?? 0) + (second === undefined && isDayFirst ? 1 : 0),
      onlyMonthFirst: (form?.onlyMonthFirst ?? 0) + (second === undefined && !isDayFirst ? 1 : 0),
      example: form?.example ?? value,
    })
  }

  #isMost(count: number): boolean {
    return count > 0 && count >= this.#count * LEAST_SHARE
  }
}

/** How many values show whether a column is of dates or of amounts. */
const ENOUGH = 1_000

/** No date and no amount is longer. */
const LONGEST = 60

/** Dates that differ only in their digits, and in whether a part has one digit or two. */
interface DateForm {
  readonly dayFirst: string
  readonly monthFirst: string
  readonly count: number
  readonly onlyDayFirst: number
  readonly onlyMonthFirst: number
  readonly example: string
}

/** A format with its day and its month in the other order. Each place keeps its number of digits. */
const swapped = (format: string): string =>
  format.replace(/^([dM]+)([^dM]+)([dM]+)/, (_, one: string, between: string, other: string) => {
    const [first, second] = [other.charAt(0).repeat(one.length), one.charAt(0).repeat(other.length)]
    return first + between + second
  })

const withLongParts = (format: string): string =>
  format.replaceAll(/([dMHh])\1*/g, (_, letter: string) => letter.repeat(2))

/** Two formats of one form as one: a part of one letter also stands for two digits. */
function shorter(one: string | undefined, other: string): string {
  if (one === undefined) return other
  const parts = other.match(PARTS) ?? []
  return (one.match(PARTS) ?? [])
    .map((part, index) => {
      const second = parts[index] ?? part
      return second.length < part.length ? second : part
    })
    .join('')
}

const PARTS = /([A-Za-z])\1*|[^A-Za-z]+/g

/** All spellings of amounts, the simplest first. */
const SPELLINGS = GROUP_SEPARATORS.flatMap((thousands) =>
  DECIMAL_MARKS.filter((decimal) => decimal !== thousands).map((decimal) => ({
    decimal,
    thousands,
  })),
)
const readUnspelled = amountReader({})
const READERS = SPELLINGS.map((spelling) => amountReader(spelling))

/** What amounts in a column are in each of the spellings. */
class AmountSurvey {
  readonly #counts = SPELLINGS.map(() => 0)
  /** Pairs of spellings that read an amount as different numbers, with that amount. */
  readonly #differences = new Map<number, string>()
  #decimals = 0
  #negative = 0
  #positive = 0
  numbers = 0
  #unspelled = 0

  add(value: string): void {
    if (!/\d/.test(value)) return
    const read = READERS.map((reader) => numberIn(reader(value)))
    const first = read.find((number) => number !== undefined)
    if (first === undefined) return
    this.numbers += 1
    if (numberIn(readUnspelled(value)) !== undefined) this.#unspelled += 1
    if (/\d[.,]\d{1,2}(?!\d)/.test(value)) this.#decimals += 1
    if (first < 0) this.#negative += 1
    if (first > 0) this.#positive += 1
    for (const [index, number] of read.entries()) {
      if (number === undefined) continue
      this.#counts[index] = (this.#counts[index] ?? 0) + 1
      for (let other = 0; other < index; other += 1) {
        const key = other * SPELLINGS.length + index
        if (read[other] === undefined || read[other] === number || this.#differences.has(key)) {
          continue
        }
        this.#differences.set(key, value)
      }
    }
  }

  /** Adds what another survey has found. */
  include(other: AmountSurvey): void {
    for (const [index, count] of other.#counts.entries()) {
      this.#counts[index] = (this.#counts[index] ?? 0) + count
    }
    for (const [key, value] of other.#differences) this.#differences.set(key, value)
    this.numbers += other.numbers
    this.#unspelled += other.#unspelled
    this.#decimals += other.#decimals
    this.#negative += other.#negative
    this.#positive += other.#positive
  }

  finding(): AmountFinding {
    const most = Math.max(...this.#counts)
    const spellings: number[] = []
    let example: string | undefined
    for (const [index, count] of this.#counts.entries()) {
      if (count < most) continue
      const differences = spellings.map((other) =>
        this.#differences.get(other * SPELLINGS.length + index),
      )
      if (differences.includes(undefined)) continue
      example ??= differences[0]
      spellings.push(index)
    }
    return {
      spellings: spellings.map((index) => SPELLINGS[index] as AmountSpelling),
      ...(example !== undefined && { example }),
      hasDecimals: this.#decimals > 0,
      needsSpelling: this.#unspelled < most,
      areNegative: this.#negative > 0 && this.#positive === 0,
    }
  }
}

/** The number that an amount was read as; undefined for what is not an amount. */
function numberIn(read: unknown): number | undefined {
  const amount = read instanceof MarkedAmount ? read.amount : read
  if (typeof amount !== 'string' || !/^-?\d+(?:\.\d+)?$/.test(amount)) return undefined
  if (read instanceof MarkedAmount && !isMark(read.mark)) return undefined
  return Number(amount)
}

/** Whether a text beside digits can be a currency, and not a part of an id. */
const isMark = (mark: string): boolean => mark === '' || /\p{Sc}/u.test(mark) || isCurrency(mark)
