import { quote } from '../../../messages.ts'
import { type DateParser, NOT_A_DAY, compileDateFormat, timeOf } from './date-format.ts'
import { Problem } from './problem.ts'
import { localTimeOf } from '../../../time-zones.ts'

export interface DateOptions {
  /** Undefined if the dates are in well-known spellings. */
  readonly dateFormat: string | undefined
  readonly timeZone: string
  /** Called when a date without a zone of its own is read. */
  readonly onZoneUsed: () => void
}

/** Makes the function that reads dates. A text that can mean two days is a problem that names the option. */
export function dateReader({
  dateFormat,
  timeZone,
  onZoneUsed,
}: DateOptions): (value: unknown) => Date | Problem {
  const utcOf = localTimeOf(timeZone)
  const localTime = (local: number) => {
    onZoneUsed()
    return utcOf(local)
  }
  const parse = dateFormat === undefined ? parseKnown : requireParser(dateFormat)
  /** The times of the latest dates: in most files many lines have the same. */
  const known = new Map<string, number>()
  return (value) => {
    const text = textOf(value)
    if (text === undefined) return new Problem(problemOf(value, dateFormat))
    const time = known.get(text) ?? parse(text, localTime)
    if (typeof time !== 'number') return new Problem(problemOf(value, dateFormat, time))
    if (text.length <= LONGEST_KNOWN && !known.has(text)) {
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(text, time)
    }
    return new Date(time)
  }
}

/** Dates with a time of day are seldom the same, so only short ones are remembered. */
const LONGEST_KNOWN = 12
const MOST_KNOWN = 1_000

function requireParser(dateFormat: string): DateParser {
  const parser = compileDateFormat(dateFormat)
  if ('problem' in parser) throw new RangeError(`the date format ${parser.problem}`)
  return parser
}

/** The text of a date; also of one in MongoDB's extended JSON, which has milliseconds in its exact form. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return undefined
  const { $date: date } = value as { $date?: unknown }
  if (typeof date === 'string') return date
  const { $numberLong: milliseconds } = (date ?? {}) as { $numberLong?: unknown }
  if (typeof milliseconds !== 'string' || !/^-?\d{1,15}$/.test(milliseconds)) return undefined
  const time = new Date(Number(milliseconds))
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

const TIME = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?`
const COMPACT_TIME = String.raw`(\d\d)(\d\d)(?:(\d\d)(?:[.,](\d{1,9}))?)?`
const ZONE = String.raw`\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?`

/** The forms of ISO 8601 and RFC 3339 that begin with the year, also with slashes or points in them. */
const YEAR_FIRST = new RegExp(
  String.raw`^(\d{4})([-/.])(\d\d?)\2(\d\d?)(?:(?:T|\s+)${TIME})?${ZONE}$`,
  'i',
)

/** The same without separators. With any year, a number could be taken for a date. */
const COMPACT = new RegExp(
  String.raw`^((?:19|20|21)\d\d)()(\d\d)(\d\d)(?:(?:T|\s+)?${COMPACT_TIME})?${ZONE}$`,
  'i',
)

/** Dates with the month's English name, such as `2 Jan 2026`, `02-JAN-2026 14:16` and `Fri, 2 Jan 2026`. */
const DAY_AND_NAME = ['d MMM yyyy', 'd-MMM-yyyy', 'd MMMM yyyy', 'MMM d, yyyy', 'MMMM d, yyyy']
const NAMED = DAY_AND_NAME.flatMap((day) =>
  ['', ' HH:mm', ' HH:mm:ss', ' HH:mm:ss Z'].map((time) => compileDateFormat(day + time)),
).filter((parser) => typeof parser === 'function')

const WEEKDAY = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+/i

function parseKnown(text: string, localTime: Parameters<DateParser>[1]): ReturnType<DateParser> {
  const parts = YEAR_FIRST.exec(text) ?? COMPACT.exec(text)
  if (parts) {
    const [, year, , month, day, hour = 0, minute = 0, second = 0, fraction, zone] = parts
    return timeOf(
      {
        year: Number(year),
        month: Number(month),
        day: Number(day),
        hour: Number(hour),
        minute: Number(minute),
        second: Number(second),
        fraction,
        zone,
      },
      localTime,
    )
  }
  if (!/[a-z]/i.test(text)) return undefined
  const day = text.replace(WEEKDAY, '')
  for (const parse of NAMED) {
    const parsed = parse(day, localTime)
    if (parsed !== undefined) return parsed
  }
  return undefined
}

/** Whether a text is a date in a well-known form. */
export const isKnownDate = (text: string): boolean => typeof parseKnown(text, Number) === 'number'

/** A date whose day and month are digits, in one order or the other, and what follows it. */
const DAY_AND_MONTH =
  /^(\d\d?)([-/.])(\d\d?)\2(\d{4}|\d\d)((?:T|\s+)(\d\d?):\d\d(:\d\d)?(\s*[AP]M)?)?$/i

const letters = (letter: string, digits: string): string => letter.repeat(digits.length)

/** The formats in which a text could be a date whose day and month are digits: one, or two if it can mean two days. */
export const possibleFormats = (text: string): string[] =>
  formatsOfForm(text).filter((format) => !(parsedWith(format, text) instanceof Problem))

function parsedWith(format: string, text: string): ReturnType<DateParser> {
  const parse = compileDateFormat(format)
  return 'problem' in parse ? undefined : parse(text, Number)
}

/** The formats whose form a text has, whether or not its day exists. */
function formatsOfForm(text: string): string[] {
  const [, first = '', separator = '', second = '', year = '', time, hour = '', seconds, half] =
    DAY_AND_MONTH.exec(text) ?? []
  if (first === '') return []
  const hours = letters(half === undefined ? 'H' : 'h', hour)
  const clock =
    time === undefined
      ? ''
      : `${/^T/i.test(time) ? 'T' : ' '}${hours}:mm${seconds === undefined ? '' : ':ss'}${half === undefined ? '' : half.replace(/[AP]M/i, 'a')}`
  const rest = `${separator}${letters('y', year)}${clock}`
  const dayFirst = `${letters('d', first)}${separator}${letters('M', second)}${rest}`
  const monthFirst = `${letters('M', first)}${separator}${letters('d', second)}${rest}`
  return [dayFirst, monthFirst]
}

/** The formats of dates that are only digits, by their number. Those that are read without a format come last. */
const FORMATS_OF_DIGITS: Readonly<Record<number, readonly string[]>> = {
  6: ['yyMMdd', 'ddMMyy', 'MMddyy'],
  8: ['ddMMyyyy', 'MMddyyyy', 'yyyyMMdd'],
}

/** What is wrong with a date that is written in digits, if no order of its parts makes it a day. */
function problemOfDigits(text: string): string | undefined {
  const formats = /^\d+$/.test(text) ? (FORMATS_OF_DIGITS[text.length] ?? []) : formatsOfForm(text)
  const parsed = formats.map((format) => parsedWith(format, text))
  const problems = parsed.filter((each) => each instanceof Problem)
  if (problems.length === 0 || problems.length < parsed.length) return undefined
  return (problems.find(({ text: problem }) => problem !== NOT_A_DAY) ?? problems[0])?.text
}

/** The abbreviated name of a zone at the end of a time, such as CEST. */
const ZONE_NAME = /\d\s*(?!(?:UTC|AM|PM)$)([A-Z]{2,5})$/

/** What to do with a date that names its zone, or that is the number of a day; empty if neither is seen. */
function hintOf(value: unknown): string {
  const text = String(value)
  const [, zone] = ZONE_NAME.exec(text) ?? []
  if (zone !== undefined) {
    return `: ${quote(zone)} is not read as a zone, because such names mean several: leave it out or write it as '${zone}' in --date-format, and add --time-zone`
  }
  return /^[2-6]\d{4}(?:[.,]\d+)?$/.test(text)
    ? ': it seems to be a day as spreadsheets count them, so save the file with that column as dates'
    : ''
}

function problemOf(value: unknown, dateFormat: string | undefined, parsed?: Problem): string {
  const date = `the date ${quote(value)}`
  if (dateFormat !== undefined) {
    return `${date} ${parsed?.text ?? `is not in the format ${dateFormat} of --date-format${hintOf(value)}`}`
  }
  const isDigits = typeof value === 'string' && /^\d+$/.test(value)
  const impossible = isDigits || !parsed ? problemOfDigits(String(value)) : parsed.text
  if (impossible !== undefined) return `${date} ${impossible}`
  const [dayFirst, monthFirst] = typeof value === 'string' ? possibleFormats(value) : []
  if (monthFirst !== undefined) {
    return `${date} can mean two days: add --date-format '${dayFirst}' if the day comes first, or --date-format '${monthFirst}' if the month does`
  }
  if (dayFirst !== undefined) {
    return `${date} is read only with its format: add --date-format '${dayFirst}'`
  }
  if (typeof value === 'string' && /^\d{9,13}$/.test(value)) {
    return `${date} is a number: add --date-format unix if it counts seconds since 1970, or --date-format unix-ms for milliseconds`
  }
  const hint = hintOf(value)
  if (hint !== '') return `${date} is not in a known form${hint}`
  return `${date} is not in a known form such as 2026-01-31 or 2026-01-31T14:16:00Z: name its form with --date-format, as in 'dd.MM.yyyy HH:mm'`
}
