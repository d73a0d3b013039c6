import { type LocalTime, offsetOf } from '../../../time-zones.ts'
import { quote } from '../../../messages.ts'
import { Problem } from './problem.ts'

/**
 * Reads a date as a time in milliseconds; undefined for a text in another form, and a {@link Problem} for a day or a
 * time that does not exist. `localTime` is called for a date that does not say its zone itself.
 */
export type DateParser = (text: string, localTime: LocalTime) => number | Problem | undefined

/** Why a text in the form of a date is none, as phrases that follow the date. */
export const NOT_A_DAY = 'is not a day of the calendar'
const NOT_A_TIME = 'has a time that no day has: expected one from 00:00:00 to 23:59:59'

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'half' | 'zone'

interface Field {
  readonly part: Part
  readonly pattern: string
  readonly read?: (text: string) => number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const monthNamed = (name: string): number => MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1

/** A year of two digits is the one from 1970 to 2069. */
const wholeYear = (text: string): number => Number(text) + (Number(text) < 70 ? 2000 : 1900)

const ZONE = String.raw`Z|UTC|GMT|[+-]\d\d(?::?\d\d)?`

/** What the letters of a format stand for, as in Unicode's date formats. */
const FIELDS: Readonly<Record<string, Field>> = {
  yyyy: { part: 'year', pattern: String.raw`\d{4}` },
  yy: { part: 'year', pattern: String.raw`\d\d`, read: wholeYear },
  MMMM: {
    part: 'month',
    pattern:
      'January|February|March|April|May|June|July|August|September|October|November|December',
    read: monthNamed,
  },
  MMM: {
    part: 'month',
    pattern: 'Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec',
    read: monthNamed,
  },
  MM: { part: 'month', pattern: String.raw`\d\d` },
  M: { part: 'month', pattern: String.raw`\d\d?` },
  dd: { part: 'day', pattern: String.raw`\d\d` },
  d: { part: 'day', pattern: String.raw`\d\d?` },
  HH: { part: 'hour', pattern: String.raw`\d\d` },
  H: { part: 'hour', pattern: String.raw`\d\d?` },
  hh: { part: 'hour', pattern: String.raw`\d\d` },
  h: { part: 'hour', pattern: String.raw`\d\d?` },
  mm: { part: 'minute', pattern: String.raw`\d\d` },
  ss: { part: 'second', pattern: String.raw`\d\d` },
  S: { part: 'fraction', pattern: String.raw`\d{1,9}` },
  a: { part: 'half', pattern: '[AP]M|[ap]\\.m\\.' },
  Z: { part: 'zone', pattern: ZONE },
}

/** Formats that are not made of letters: seconds and milliseconds since 1970 in UTC. */
const UNIX_FORMATS: Readonly<Record<string, number>> = { unix: 1_000, 'unix-ms': 1 }

const EXAMPLES = 'such as dd.MM.yyyy, MM/dd/yyyy HH:mm or d MMM yy'

/** Makes the parser of a format, or returns its problem as a phrase. */
export function compileDateFormat(format: string): DateParser | { problem: string } {
  const unit = UNIX_FORMATS[format]
  if (unit !== undefined) return unixParser(unit)
  if (format.includes('%')) {
    return { problem: `has %, which means nothing here: write letters, ${EXAMPLES}` }
  }
  const fields: Field[] = []
  let pattern = ''
  for (const [token] of format.matchAll(/'[^']*'|([A-Za-z])\1*|[^A-Za-z']+|'/g)) {
    if (/^'./.test(token)) {
      pattern += escaped(token.slice(1, -1))
      continue
    }
    if (!/[A-Za-z]/.test(token)) {
      pattern += escaped(token)
      continue
    }
    const field = FIELDS[/^S+$/.test(token) ? 'S' : token]
    if (!field) {
      if (token === 'T') pattern += 'T'
      else return { problem: unknownToken(token) }
      continue
    }
    if (fields.some(({ part }) => part === field.part)) {
      return { problem: `has two parts for the ${field.part}` }
    }
    fields.push(field)
    pattern += `(${field.pattern})`
  }
  const has = (part: Part) => fields.some((field) => field.part === part)
  for (const [part, letters] of [
    ['year', 'yyyy'],
    ['month', 'MM'],
    ['day', 'dd'],
  ] as const) {
    if (!has(part)) {
      const hint = part === 'month' && has('minute') ? ' (mm are minutes)' : ''
      return { problem: `has no ${part}: write ${letters} for it${hint}, ${EXAMPLES}` }
    }
  }
  if (has('half') !== /h/.test(withoutLiterals(format))) {
    return { problem: 'needs both hh, the hour from 1 to 12, and a, which stands for AM or PM' }
  }
  return fieldParser(new RegExp(`^${pattern}$`, 'i'), fields)
}

const withoutLiterals = (format: string): string => format.replaceAll(/'[^']*'/g, '')

/** White space in a format stands for any white space. */
const escaped = (text: string): string =>
  text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`).replaceAll(/\s+/g, String.raw`\s+`)

/** The message for letters that mean nothing here, with what was probably meant. */
function unknownToken(token: string): string {
  const known = Object.keys(FIELDS)
  const likely =
    known.find((each) => each.toLowerCase() === token.toLowerCase()) ??
    { DD: 'dd', D: 'd', YYYY: 'yyyy', YY: 'yy', y: 'yyyy', m: 'mm', s: 'ss', X: 'Z', x: 'Z' }[token]
  const hint = likely === undefined ? `use ${known.join(' ')}, ${EXAMPLES}` : `write ${likely}`
  return `has ${token}, which means nothing here: ${hint}`
}

const unixParser =
  (unit: number): DateParser =>
  (text) => {
    if (!/^-?\d{1,15}(?:\.\d{1,9})?$/.test(text)) return undefined
    return Math.floor(Number(text) * unit)
  }

/** Makes the parser of a text whose groups are these fields. */
function fieldParser(pattern: RegExp, fields: readonly Field[]): DateParser {
  const indexOf = (part: Part) => fields.findIndex((field) => field.part === part) + 1
  const readerOf = (part: Part, fallback: number) => {
    const index = indexOf(part)
    const { read = Number } = fields[index - 1] ?? {}
    return (groups: RegExpExecArray) => (index === 0 ? fallback : read(groups[index] as string))
  }
  const [yearOf, monthOf, dayOf] = [readerOf('year', 0), readerOf('month', 0), readerOf('day', 0)]
  const [hourOf, minuteOf, secondOf] = [
    readerOf('hour', 0),
    readerOf('minute', 0),
    readerOf('second', 0),
  ]
  const [fraction, half, zone] = [indexOf('fraction'), indexOf('half'), indexOf('zone')]
  return (text, localTime) => {
    const groups = pattern.exec(text)
    if (!groups) return undefined
    let hour = hourOf(groups)
    if (half > 0) {
      if (hour < 1 || hour > 12) return new Problem(NOT_A_TIME)
      hour = (hour % 12) + (/^p/i.test(groups[half] as string) ? 12 : 0)
    }
    return timeOf(
      {
        year: yearOf(groups),
        month: monthOf(groups),
        day: dayOf(groups),
        hour,
        minute: minuteOf(groups),
        second: secondOf(groups),
        fraction: fraction === 0 ? undefined : groups[fraction],
        zone: zone === 0 ? undefined : groups[zone],
      },
      localTime,
    )
  }
}

export interface DateParts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** The digits after the second. */
  readonly fraction?: string | undefined
  readonly zone?: string | undefined
}

/** The time of parts; a {@link Problem} if there is no such day or time. What is finer than a millisecond is dropped. */
export function timeOf(parts: DateParts, localTime: LocalTime): number | Problem {
  const { year, month, day, hour, minute, second, fraction, zone } = parts
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) {
    return new Problem(NOT_A_DAY)
  }
  if (hour > 23 || minute > 59 || second > 59) return new Problem(NOT_A_TIME)
  const millisecond = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'))
  let local = Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
  if (year < 100) local = new Date(local).setUTCFullYear(year)
  if (zone === undefined) return localTime(local)
  const offset = /^[+-]/.test(zone) ? offsetIn(zone) : 0
  return offset === undefined
    ? new Problem(`has an offset that no time zone has, ${quote(zone)}`)
    : local - offset
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const daysIn = (year: number, month: number): number =>
  month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
    ? 29
    : (DAYS[month - 1] as number)

const offsetIn = (zone: string): number | undefined =>
  offsetOf(/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone)
