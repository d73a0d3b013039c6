import { quote } from '../../messages.ts'
import { isCurrency } from '../../money/currency.ts'
import { ReplayOptionsError } from '../errors.ts'
import { openMissingProblem } from './open-missing.ts'
import type { ReadingOptions } from './reading-options.ts'
import { readAction } from './values/actions.ts'
import { DECIMAL_MARKS, GROUP_SEPARATORS } from './values/amounts.ts'
import { compileDateFormat } from './values/date-format.ts'
import { contradictoryWord, isDirectionMark } from './values/directions.ts'
import { Problem } from './values/problem.ts'
import { templateProblem } from './values/templates.ts'
import { isTimeZone } from '../../time-zones.ts'

type Check = (value: never) => string | undefined

const isText = (value: unknown): value is string => typeof value === 'string'

const isTextList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every(isText)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const flag = (value: unknown): string | undefined =>
  typeof value === 'boolean' ? undefined : 'is not true or false'

/** What is wrong with the value of each option, as a phrase that follows its name and its value. */
const CHECKS = {
  set(texts: object) {
    for (const [role, text] of Object.entries(texts)) {
      if (text === undefined) continue
      const problem = isText(text) ? templateProblem(text) : 'is not a text'
      if (problem !== undefined) return `is wrong for ${role}: ${quote(text)} ${problem}`
      if (role === 'action' && !text.includes('{') && readAction(text) instanceof Problem) {
        return `is wrong for action: ${quote(text)} is not transfer, hold, capture or release`
      }
    }
    return undefined
  },
  fields(texts: unknown) {
    if (!isObject(texts)) return 'is not an object such as { tenantId: "{Mandant}" }'
    for (const [name, text] of Object.entries(texts)) {
      if (text === undefined || text === null) continue
      const problem = isText(text) ? templateProblem(text) : 'is not a text'
      if (problem !== undefined) return `is wrong for ${quote(name)}: ${quote(text)} ${problem}`
    }
    return undefined
  },
  where(conditions: unknown) {
    if (!isObject(conditions)) return 'is not an object such as { status: "booked" }'
    for (const [column, condition] of Object.entries(conditions)) {
      const values = isObject(condition) ? condition.not : condition
      const isOnlyNot = !isObject(condition) || Object.keys(condition).join() === 'not'
      if (isOnlyNot && (isText(values) || isTextList(values))) continue
      return `is wrong for ${quote(column)}: ${quote(condition)} is not a text, a list of texts or { not: … } with one of them`
    }
    return undefined
  },
  decimal: (value: unknown) =>
    (DECIMAL_MARKS as readonly unknown[]).includes(value) ? undefined : 'is not "." or ","',
  thousands: (value: unknown) =>
    (GROUP_SEPARATORS as readonly unknown[]).includes(value)
      ? undefined
      : `is not one of ${GROUP_SEPARATORS.map((each) => quote(each)).join(' ')}`,
  signedDebit: flag,
  directions(words: unknown) {
    if (!isObject(words) || !isTextList(words.out) || !isTextList(words.in)) {
      return 'does not have a list of words for out, and one for in'
    }
    const both = contradictoryWord({ out: words.out, in: words.in })
    return both === undefined ? undefined : `has ${quote(both)} for both out and in`
  },
  skipZero: flag,
  currencies(words: unknown) {
    if (!isObject(words)) return 'is not an object such as { "US Dollar": "USD" }'
    const wrong = Object.entries(words).find(([, code]) => !isCurrency(code))
    if (wrong) {
      return `has ${quote(wrong[1])} for ${quote(wrong[0])}, which is not an ISO 4217 code`
    }
    const direction = Object.keys(words).find(isDirectionMark)
    return (
      direction &&
      `has ${quote(direction)}, which is not a currency: it says which way the money went. Name it in 'directions'`
    )
  },
  dateFormat(format: unknown) {
    if (!isText(format)) return 'is not a text such as dd.MM.yyyy'
    const parser = compileDateFormat(format)
    return 'problem' in parser ? parser.problem : undefined
  },
  timeZone: (zone: unknown) =>
    isText(zone) && isTimeZone(zone)
      ? undefined
      : 'is not the name of a time zone, such as Europe/Berlin, or an offset, such as +02:00',
  cutReference: flag,
  idFrom: (names: unknown) =>
    isTextList(names) && !names.includes('') ? undefined : 'is not a list of roles or columns',
  idPrefix: (prefix: unknown) => (isText(prefix) ? undefined : 'is not a text'),
  openMissing: openMissingProblem,
} satisfies Partial<Record<keyof ReadingOptions, Check>>

/**
 * Checks the options that say how values are read.
 * @throws ReplayOptionsError
 */
export function checkValueOptions(options: ReadingOptions): void {
  for (const [name, check] of Object.entries(CHECKS)) {
    const value = options[name as keyof typeof CHECKS]
    const problem = value === undefined ? undefined : check(value as never)
    if (problem !== undefined) throw new ReplayOptionsError(`'${name}' ${quote(value)} ${problem}`)
  }
  const { decimal = '.', thousands = '', signedDebit, idFrom, map = {}, set = {} } = options
  if (decimal === thousands) {
    throw new ReplayOptionsError(
      `'thousands' ${quote(thousands)} is also the decimal mark: say which mark stands before the decimals with 'decimal'`,
    )
  }
  if (signedDebit && typeof map.amount === 'string') {
    throw new ReplayOptionsError(
      "'signedDebit' is for a column of debits: leave it out for amounts",
    )
  }
  if (
    idFrom &&
    (typeof map.transferId === 'string' || set.transferId !== undefined) &&
    !idFrom.includes('transferId')
  ) {
    throw new ReplayOptionsError(
      "'idFrom' makes the ids, but 'map' or 'set' names their column: leave one of them out, or name transferId in 'idFrom'",
    )
  }
}
