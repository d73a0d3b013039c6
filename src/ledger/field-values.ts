import { types } from 'node:util'
import mongoose, { type Types } from 'mongoose'
import { DEFAULT_LENGTH, type FieldRule, LONGEST_TEXT } from '../field-definition.ts'
import { quote } from '../messages.ts'
import {
  Decimal128,
  LIMIT,
  isDecimal128,
  isOutOfRange,
  readDecimal,
  toDecimal,
} from '../money/money.ts'
import { EFFECTIVE_AT_RULE, isEffectiveAt } from './effective-at.ts'
import { isPrintableText } from './printable-text.ts'

/** Reads a value of a field. Returns it as it is stored, or undefined if it does not fit. */
export interface FieldReader {
  (value: unknown): unknown
  /** What fits, as a phrase. */
  readonly expected: string
}

/** Compiles the reader of a field. */
export function readerOf(rule: FieldRule): FieldReader {
  const [read, expected] = READERS[rule.type](rule)
  return Object.assign((value: unknown) => read(value), { expected })
}

/** Compiles the reader of all values of a field's type. */
export const typeReaderOf = ({ name, type }: FieldRule): FieldReader =>
  readerOf({ name, type, required: false, compare: false, maxLength: LONGEST_TEXT })

type ReaderParts = readonly [read: (value: unknown) => unknown, expected: string]

const READERS: Readonly<Record<FieldRule['type'], (rule: FieldRule) => ReaderParts>> = {
  String: textReader,
  Number: (rule) => numberReader(rule, Number.isFinite, 'a finite number'),
  Int32: (rule) => numberReader(rule, isInt32, 'a whole number of 32 bits'),
  Boolean: () => [(value) => (typeof value === 'boolean' ? value : undefined), 'true or false'],
  Date: dateReader,
  Decimal128: decimalReader,
  ObjectId: () => [readObjectId, 'an ObjectId or its 24 hexadecimal digits'],
}

function textReader({ enum: values, match, maxLength = DEFAULT_LENGTH }: FieldRule): ReaderParts {
  const allowed = values && new Set<unknown>(values)
  const pattern = match && new RegExp(match.source, match.flags)
  const fits = (value: unknown): boolean =>
    isPrintableText(value, maxLength) &&
    (allowed?.has(value) ?? true) &&
    (pattern?.test(value) ?? true)
  const expected = allowed
    ? `one of ${values.map((value) => quote(value)).join(', ')}`
    : `a text of 1–${maxLength} printable characters${pattern ? ` that matches ${pattern}` : ''}`
  return [(value) => (fits(value) ? value : undefined), expected]
}

const isInt32 = (value: number): boolean => (value | 0) === value

function numberReader(
  { min, max }: FieldRule,
  isPossible: (value: number) => boolean,
  what: string,
): ReaderParts {
  const [least, most] = [Number(min ?? -Infinity), Number(max ?? Infinity)]
  const fits = (value: unknown): value is number =>
    typeof value === 'number' && isPossible(value) && value >= least && value <= most
  // A file has no negative zero.
  return [(value) => (fits(value) ? value + 0 : undefined), what + rangeText(min, max)]
}

function dateReader({ min, max }: FieldRule): ReaderParts {
  const [least, most] = [Number(min ?? -Infinity), Number(max ?? Infinity)]
  const fits = (value: unknown): value is Date =>
    isEffectiveAt(value) && value.getTime() >= least && value.getTime() <= most
  return [
    (value) => (fits(value) ? new Date(value.getTime()) : undefined),
    EFFECTIVE_AT_RULE + rangeText(dateText(min), dateText(max)),
  ]
}

const dateText = (time: FieldRule['min']): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString()

function decimalReader({ min, max }: FieldRule): ReaderParts {
  const read = (value: unknown) => {
    const decimal = readDecimal(value)
    if ('problem' in decimal || isOutOfRange(decimal) || decimal.precision(true) > 34)
      return undefined
    if ((min !== undefined && decimal.lt(min)) || (max !== undefined && decimal.gt(max)))
      return undefined
    // Without zeros at its end, so that equal decimals have equal bytes.
    return Decimal128.fromString(decimal.toString())
  }
  return [read, `a plain decimal number of at most 34 digits, below ${LIMIT}${rangeText(min, max)}`]
}

const HEX_ID = /^[0-9a-f]{24}$/i

function readObjectId(value: unknown): unknown {
  const text = isObjectId(value) ? value.toString() : value
  return typeof text === 'string' && HEX_ID.test(text)
    ? new mongoose.Types.ObjectId(text)
    : undefined
}

function rangeText(min: FieldRule['min'], max: FieldRule['max']): string {
  if (min !== undefined && max !== undefined) return `, from ${min} to ${max}`
  if (min !== undefined) return `, at least ${min}`
  return max === undefined ? '' : `, at most ${max}`
}

/** The text of an ObjectId in extended JSON, `{"$oid": …}`; any other value as it is. */
export function objectIdText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { $oid: text }: { $oid?: unknown } = value
  return typeof text === 'string' && Object.keys(value).length === 1 ? text : value
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const ISO_DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{3})?)?Z)?$/

/** The value that a text of a file stands for; the text itself if it stands for none of the type. */
export function valueOfText(text: string, type: FieldRule['type']): unknown {
  switch (type) {
    case 'Number':
    case 'Int32':
      return JSON_NUMBER.test(text) ? Number(text) : text
    case 'Boolean':
      return text === 'true' || (text === 'false' ? false : text)
    case 'Date':
      return readDate(text)
    default:
      return text
  }
}

/** A date in UTC. A day that does not exist, such as 30 February, stays a text. */
function readDate(text: string): unknown {
  const date = new Date(ISO_DATE.test(text) ? text : NaN)
  const isDay = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 10))
  return isDay ? date : text
}

/** Whether two stored values of one field are the same. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (types.isDate(one) && types.isDate(other)) return one.getTime() === other.getTime()
  if (isDecimal128(one) && isDecimal128(other)) return toDecimal(one).eq(toDecimal(other))
  if (isObjectId(one) && isObjectId(other)) return one.toString() === other.toString()
  return (one ?? undefined) === (other ?? undefined)
}

/** Whether a value is an ObjectId, of whichever copy of bson. */
const isObjectId = (value: unknown): value is Types.ObjectId =>
  typeof value === 'object' &&
  value !== null &&
  (value as Partial<Types.ObjectId>)._bsontype === 'ObjectId'
