import { exactText, storedMoney } from './json.ts'
import { type Decimal, type Decimal128, isDecimal128 } from './money.ts'

/** A stored record with each Decimal128, at any depth, as another type. */
type Converted<Stored, Money> = Stored extends { readonly _bsontype: 'Decimal128' }
  ? Money
  : Stored extends Whole
    ? Stored
    : { [Key in keyof Stored]: Converted<Stored[Key], Money> }

/** Values that are kept as they are. */
type Whole =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | Uint8Array
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | { readonly _bsontype: string }
  | ((...parameters: never[]) => unknown)

/** A stored record for JSON: each Decimal128 is a text. */
export type PlainRecord<Stored> = Converted<Stored, string>

/** A stored record to compute with: each Decimal128 is a Decimal. */
export type DecimalRecord<Stored> = Converted<Stored, Decimal>

/**
 * A copy of what `lean()`, `aggregate()` or `transferMany()` return, in which each Decimal128, at any depth, is its exact
 * text. An amount that Daybook has stored has exactly the currency's decimals, such as `93.40`; a sum by the server has
 * at most those.
 * @example
 * const stored = await Transfer.findById('RENT-1').lean().orFail()
 * plain(stored).amount // '93.40'
 */
export const plain = <Stored>(stored: Stored): PlainRecord<Stored> =>
  converted(stored, exactText) as PlainRecord<Stored>

/**
 * {@link plain}, with a Decimal in place of each text. In JSON it is that text.
 * @example
 * const stored = await Transfer.findById('RENT-1').lean().orFail()
 * withDecimals(stored).amount.plus(1).toString()
 */
export const withDecimals = <Stored>(stored: Stored): DecimalRecord<Stored> =>
  converted(stored, storedMoney) as DecimalRecord<Stored>

function converted(value: unknown, convert: (money: Decimal128) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => converted(item, convert))
  if (isDecimal128(value)) return convert(value)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, converted(part, convert)]),
  )
}

/** Whether a value is an object of no class, of whichever realm. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
