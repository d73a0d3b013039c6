import { type Keys, requireKnownKeys, requireObject } from './arguments.ts'
import { requireFreeName } from './field-names.ts'
import { quote, reasonOf } from './messages.ts'
import { Decimal, isOutOfRange, readDecimal } from './money/money.ts'

/** A field that a project adds to a record, in the words of a Mongoose schema. */
export interface FieldDefinition {
  /** String, Number, Boolean or Date, or one of `Schema.Types`: Int32, Decimal128 or ObjectId. Or its name as text. */
  readonly type:
    FieldType | Lowercase<FieldType> | (abstract new (...parameters: never[]) => unknown)
  /** Whether an account cannot be opened, or a transfer posted, without it. Default: false. */
  readonly required?: boolean | undefined
  /** Whether a repeated id with another value is a conflict. Default: false, which keeps the first value. */
  readonly compare?: boolean | undefined
  /** The texts that are allowed. */
  readonly enum?: readonly string[] | undefined
  /** What a text must match. A regular expression is always read with the flag `u`. */
  readonly match?: RegExp | string | undefined
  /** The most characters of a text: at most 512. Default: 256. */
  readonly maxLength?: number | undefined
  /** The least number, decimal or date: a number, a text, or a Date. */
  readonly min?: number | string | Date | undefined
  /** The greatest number, decimal or date. */
  readonly max?: number | string | Date | undefined
  /** The name of the model that a text or an ObjectId refers to. */
  readonly ref?: string | undefined
}

/** The fields of a record by name. A type by itself stands for a definition with nothing else. */
export type FieldDefinitions = {
  readonly [name: string]: FieldDefinition | FieldDefinition['type']
}

const TYPES = ['String', 'Number', 'Int32', 'Boolean', 'Date', 'Decimal128', 'ObjectId'] as const

type FieldType = (typeof TYPES)[number]

/** A definition that was read. It is plain, so that two copies of Daybook can compare theirs. */
export interface FieldRule {
  readonly name: string
  readonly type: FieldType
  readonly required: boolean
  readonly compare: boolean
  readonly enum?: readonly string[]
  readonly match?: { readonly source: string; readonly flags: string }
  readonly maxLength?: number
  /** A date in milliseconds, a decimal as text. */
  readonly min?: number | string
  readonly max?: number | string
  readonly ref?: string
}

/** The texts that a field without limits may have, in characters, and the longest that a limit can allow. */
export const [DEFAULT_LENGTH, LONGEST_TEXT] = [256, 512]

/** The most fields of one record. A posting has many records in memory. */
const MOST_FIELDS = 16

const KEYS: Keys<FieldDefinition> = {
  type: true,
  required: true,
  compare: true,
  enum: true,
  match: true,
  maxLength: true,
  min: true,
  max: true,
  ref: true,
}

/** The limits that each type can have. */
const LIMITS: Readonly<Record<FieldType, readonly (keyof FieldDefinition)[]>> = {
  String: ['enum', 'match', 'maxLength', 'ref'],
  Number: ['min', 'max'],
  Int32: ['min', 'max'],
  Boolean: [],
  Date: ['min', 'max'],
  Decimal128: ['min', 'max'],
  ObjectId: ['ref'],
}

/**
 * Reads the fields of a record. `where` is their place in the definition, such as `fields.account`.
 * @throws TypeError that names the field and says what is wrong with it
 */
export function readFieldDefinitions(given: FieldDefinitions, where: string): FieldRule[] {
  requireObject(given, `${where} of the definition`, 'an object with a definition for each field')
  const entries = Object.entries(given)
  if (entries.length > MOST_FIELDS) {
    throw new TypeError(
      `${where} of the definition has ${entries.length} fields, not ${MOST_FIELDS} at most`,
    )
  }
  return entries.map(([name, definition]) => {
    const place = `${where}.${name} of the definition`
    requireFreeName(name, where)
    const isType = typeof definition === 'string' || typeof definition === 'function'
    return readField(name, isType ? { type: definition } : definition, place)
  })
}

function readField(name: string, definition: FieldDefinition, place: string): FieldRule {
  requireObject(definition, place, 'a type or an object with a type')
  for (const key of ['index', 'unique', 'sparse', 'default'] as const) {
    if (!(key in definition)) continue
    throw new TypeError(
      `${place} has the key ${quote(key)}: ${key === 'default' ? 'a field has no default, so give its value with each request' : 'make the index in a migration, see docs/own-fields.md'}`,
    )
  }
  requireKnownKeys(definition, KEYS, place)
  const { required = false, compare = false, maxLength, ref } = definition
  const type = readType(definition.type, place)
  const limits = Object.keys(definition).filter(
    (key) => !['type', 'required', 'compare'].includes(key),
  )
  const strange = limits.find((key) => !(LIMITS[type] as readonly string[]).includes(key))
  if (strange !== undefined) {
    const possible = LIMITS[type].join(', ')
    throw new TypeError(
      `${place} has the limit ${quote(strange)}, but its type is ${type}, ${possible === '' ? 'which has no limits' : `whose limits are ${possible}`}`,
    )
  }
  const refuse = (key: keyof FieldDefinition, expected: string): never => {
    throw new TypeError(`${key} of ${place} is ${quote(definition[key])}, not ${expected}`)
  }
  for (const key of ['required', 'compare'] as const) {
    if (definition[key] !== undefined && typeof definition[key] !== 'boolean')
      refuse(key, 'true or false')
  }
  if (
    maxLength !== undefined &&
    !(Number.isInteger(maxLength) && maxLength > 0 && maxLength <= LONGEST_TEXT)
  ) {
    refuse('maxLength', `a whole number from 1 to ${LONGEST_TEXT}`)
  }
  if (ref !== undefined && (typeof ref !== 'string' || ref === ''))
    refuse('ref', 'the name of a model')
  const values: unknown = definition.enum
  if (values !== undefined && !isListOfTexts(values)) refuse('enum', 'a list of texts')
  const bound = (key: 'min' | 'max') => {
    const value = definition[key]
    return value === undefined
      ? undefined
      : (readBound(value, type) ?? refuse(key, type === 'Date' ? 'a date' : 'a number'))
  }
  const [min, max] = [bound('min'), bound('max')]
  if (min !== undefined && max !== undefined && new Decimal(min).gt(max)) {
    throw new TypeError(`${place} has a min of ${quote(definition.min)}, which is above its max`)
  }
  return {
    name,
    type,
    required,
    compare,
    ...(definition.enum && { enum: [...definition.enum] }),
    ...(definition.match !== undefined && { match: readPattern(definition.match, place) }),
    ...(maxLength !== undefined && { maxLength }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(ref !== undefined && { ref }),
  }
}

/** The type that a constructor, a class of Mongoose or a text names. */
function readType(type: unknown, place: string): FieldType {
  const name: unknown =
    typeof type === 'function' ? (Reflect.get(type, 'schemaName') ?? type.name) : type
  const found = TYPES.find(
    (each) => typeof name === 'string' && each.toLowerCase() === name.toLowerCase(),
  )
  if (found) return found
  throw new TypeError(
    `the type of ${place} is ${typeof type === 'function' ? quote(name) : quote(type)}, not one of ${TYPES.join(', ')}`,
  )
}

const isListOfTexts = (values: unknown): boolean =>
  Array.isArray(values) &&
  values.length > 0 &&
  values.every((value) => typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT)

function readPattern(match: unknown, place: string): { source: string; flags: string } {
  const isText = typeof match === 'string'
  if (!isText && !(match instanceof RegExp)) {
    throw new TypeError(
      `match of ${place} is ${quote(match)}, not a regular expression or its text`,
    )
  }
  const { source, flags } = isText ? { source: match, flags: '' } : match
  if (!/^[iu]*$/.test(flags)) {
    throw new TypeError(
      `match of ${place} has the flags ${quote(flags)}: only i and u are possible`,
    )
  }
  const withUnicode = [...new Set(`${flags}u`)].toSorted().join('')
  try {
    return { source: new RegExp(source, withUnicode).source, flags: withUnicode }
  } catch (error) {
    throw new TypeError(`match of ${place} cannot be read: ${reasonOf(error)}`, { cause: error })
  }
}

/** A bound in the form of a rule; undefined if it is not one of the type. */
function readBound(value: unknown, type: FieldType): number | string | undefined {
  if (type === 'Date') {
    const isPossible =
      value instanceof Date || (typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value))
    const time = isPossible ? new Date(value).getTime() : NaN
    return Number.isNaN(time) ? undefined : time
  }
  if (type === 'Decimal128') {
    const decimal = readDecimal(value)
    return 'problem' in decimal || isOutOfRange(decimal) ? undefined : decimal.toString()
  }
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
