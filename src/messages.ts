import { inspect, types } from 'node:util'
import { Decimal } from 'decimal.js'

/** The most characters that are printed of a value. */
const LONGEST = 80

/**
 * Any value as short printable text: cut to 80 characters, with control and invisible characters escaped. The
 * work is bounded, whatever the value is, and none of its own code runs: neither getters nor `toJSON` nor the
 * traps of a proxy.
 */
export function quote(value: unknown): string {
  const text = textOf(value).replace(UNSEEN, escaped)
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

/** A name or an id for a sentence: unchanged if it is short and printable, else quoted and cut. */
export const named = (value: unknown, longest = 256): string =>
  typeof value === 'string' && value.length <= longest && value !== '' && printable(value) === value
    ? value
    : quote(value)

/**
 * What a terminal must not get from data: control characters, which can rewrite what stands there, and
 * characters that nobody sees or that turn the order of others round. The joiners stay, because Hindi, Persian
 * and emoji need them.
 */
const UNPRINTABLE = /(?![\u200C\u200D])[\p{C}\p{Zl}\p{Zp}]/gu

/** What nobody can see in a message: those characters, the joiners, and others that are displayed as nothing. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** A number of things, such as `1 transfer` or `2 transfers`. */
export const countOf = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`

/** A text with its unprintable characters as escapes, such as `\u001b`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped)

/** {@link printable} for a text of several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')

/** As in JSON, a character beyond U+FFFF is two escapes. */
const escaped = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')

/** Why something failed, for use in a sentence: the message of an Error, or any other thrown value as text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message
    : typeof error === 'string'
      ? error
      : inspect(error, { breakLength: Infinity })
}

/** Why a file cannot be opened, and what to do, for use after its name. */
export function openProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'the file does not exist: check its path'
    case 'EACCES':
      return 'you have no permission to read the file: check its mode and owner'
    case 'EISDIR':
      return 'this is a folder: name a file'
    default:
      return `the file cannot be opened: ${reasonOf(error)}`
  }
}

function textOf(value: unknown): string {
  try {
    return !types.isProxy(value) && value instanceof Date
      ? Date.prototype.toString.call(value)
      : jsonOf(value, LONGEST)
  } catch {
    return 'a value that cannot be read'
  }
}

/** A bigint with more digits than this is not written: the work grows with their square. */
const HUGE = 10n ** 100n

/** A value as JSON would have it, in about as many characters as there is room for. */
function jsonOf(value: unknown, room: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.slice(0, room))
    case 'bigint':
      if (value < HUGE && value > -HUGE) return String(value)
      return 'a bigint of more than 100 digits'
    case 'object':
      return value === null ? 'null' : objectText(value, room)
    case 'function':
    case 'symbol':
      return typeof value
    default:
      return String(value)
  }
}

function objectText(value: object, room: number): string {
  if (types.isProxy(value)) return '[Proxy]'
  if (Array.isArray(value)) return listText(value, room)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return recordText(value, room)
  if (value instanceof RegExp) return regExpText(value, room)
  if (value instanceof Date) return JSON.stringify(Date.prototype.toString.call(value))
  if (Decimal.isDecimal(value)) return decimalText(value)
  return bsonText(value, prototype as object, room) ?? `[${classNameOf(prototype as object)}]`
}

/** The BSON types that are short in extended JSON. */
const SMALL_BSON: ReadonlySet<unknown> = new Set([
  'Decimal128',
  'Double',
  'Int32',
  'Long',
  'MaxKey',
  'MinKey',
  'ObjectId',
  'Timestamp',
])

/** A value of BSON, of whichever copy and version, in extended JSON. Undefined if it is none, or a long one. */
function bsonText(value: object, prototype: object, room: number): string | undefined {
  const type: unknown = Reflect.get(prototype, '_bsontype')
  const isShort =
    SMALL_BSON.has(type) ||
    (type === 'Binary' && (value as { readonly position: number }).position <= room)
  if (!isShort) return undefined
  const toExtendedJSON = Reflect.get(prototype, 'toExtendedJSON') as (options: object) => unknown
  return JSON.stringify(toExtendedJSON.call(value, { relaxed: true }))
}

/** The flags of an expression that BSON has, too. */
const BSON_FLAGS = /^[imsu]*$/

const regExpText = ({ source, flags }: RegExp, room: number): string =>
  source.length <= room && BSON_FLAGS.test(flags)
    ? JSON.stringify({ $regularExpression: { pattern: source, options: flags } })
    : '[RegExp]'

function classNameOf(prototype: object): string {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const name: unknown =
    typeof constructor === 'function' && !types.isProxy(constructor)
      ? Object.getOwnPropertyDescriptor(constructor, 'name')?.value
      : undefined
  return typeof name === 'string' && name !== '' ? name.slice(0, LONGEST) : 'object'
}

function listText(values: readonly unknown[], room: number): string {
  let text = '['
  for (let index = 0; index < values.length && text.length < room; index++) {
    text += `${index === 0 ? '' : ','}${propertyText(values, String(index), room - text.length)}`
  }
  return `${text}]`
}

function recordText(record: object, room: number): string {
  let text = '{'
  for (const key in record) {
    if (text.length >= room) break
    if (!Object.hasOwn(record, key)) continue
    text += `${text === '{' ? '' : ','}${JSON.stringify(key.slice(0, room))}:`
    text += propertyText(record, key, room - text.length)
  }
  return `${text}}`
}

/** The room shrinks with each level, so a cycle ends. */
function propertyText(object: object, key: string, room: number): string {
  const property = Object.getOwnPropertyDescriptor(object, key)
  if (!property) return 'null'
  return 'value' in property ? jsonOf(property.value, room) : '[getter]'
}

/** A value of decimal.js in quotes. One with many digits is cut before they are written. */
function decimalText({ s: sign, e: exponent, d: words }: Decimal): string {
  if (!Array.isArray(words))
    return `"${Number.isNaN(sign) ? 'NaN' : sign < 0 ? '-Infinity' : 'Infinity'}"`
  const few = words.slice(0, 12)
  const value = new PlainDecimal(0)
  Object.assign(value, { s: sign, e: exponent, d: few })
  const text = Math.abs(exponent) <= 64 ? value.toFixed() : value.toExponential()
  return `"${text}${few.length < words.length ? '…' : ''}"`
}

const PlainDecimal = Decimal.clone({ defaults: true })
