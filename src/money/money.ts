import { Decimal as DecimalJs } from 'decimal.js'
import { quote } from '../messages.ts'
import { scaleOf } from './currency.ts'
import { Decimal128, decimal128OfUnits, smallPartsOf } from './decimal128.ts'

/**
 * decimal.js with 64 significant digits, so that a sum of values below `LIMIT` is never rounded. It
 * prints every value without an exponent.
 */
export const Decimal = DecimalJs.clone({
  defaults: true,
  precision: 64,
  toExpNeg: -64,
  toExpPos: 64,
})
export type Decimal = DecimalJs

export { Decimal128 }

/**
 * The types that can express an amount of money exactly: a plain decimal string such as `'12.50'`, a whole
 * number (a safe integer or a bigint), a Decimal or a Decimal128. A fraction as a JS number is refused,
 * because `0.1 + 0.2` is not `0.3`.
 */
export type MoneyInput = string | number | bigint | Decimal | Decimal128

/**
 * Every amount and every balance is below 10^24 in magnitude. With the largest scale of any currency (4),
 * such a value takes 28 of the 34 digits of a Decimal128, so a sum over a million accounts at the limit is
 * still exact.
 */
export const LIMIT = new Decimal(10).pow(24)

/** Whether the magnitude of a value is {@link LIMIT} or more. A comparison would copy both values. */
export const isOutOfRange = (value: Decimal): boolean => value.e >= LIMIT.e

const PLAIN_DECIMAL = /^-?\d{1,64}(?:\.\d{1,64})?$/

/** Why a value is out of range, as a phrase. */
export const OUT_OF_RANGE = `is not below ${LIMIT} in magnitude`

/**
 * Reads a value as exact money. Returns the value, or its problem as a phrase such as "is not a number".
 * Checks the notation only: the caller checks the sign, the magnitude and the number of decimals. The work is
 * bounded, whatever the value is: `new Decimal('1e20000000')` has ten bytes here and twenty million digits.
 */
export function readDecimal(value: unknown): Decimal | { problem: string } {
  switch (typeof value) {
    case 'string':
      return PLAIN_DECIMAL.test(value)
        ? new Decimal(value)
        : { problem: 'is not a plain decimal number such as 12.50' }
    case 'number':
      return Number.isSafeInteger(value)
        ? new Decimal(value)
        : { problem: 'is a JS number that may be inexact: write it as a string' }
    case 'bigint':
      // Compared first, because the digits of a huge bigint take minutes.
      return value < LIMIT_OF_BIGINTS && value > -LIMIT_OF_BIGINTS
        ? new Decimal(value.toString())
        : { problem: OUT_OF_RANGE }
    default:
      // Accepts another copy of decimal.js. An object that only looks like one has no `toFixed`.
      if (DecimalJs.isDecimal(value) && typeof value.toFixed === 'function') {
        return readDecimalJs(value)
      }
      if (isDecimal128(value)) {
        const decimal = toDecimal(value)
        return decimal.isFinite() ? decimal : { problem: 'is not a finite number' }
      }
      return { problem: 'is not a number' }
  }
}

const LIMIT_OF_BIGINTS = 10n ** 24n

/** The smallest exponent of a value that is read, and the most words of 7 digits that decimal.js keeps it in. */
const [LOWEST_EXPONENT, MOST_WORDS] = [-64, 20]

/** Reads a value of decimal.js. Its exponent and the number of its words are checked before a digit is written. */
function readDecimalJs(value: Decimal): Decimal | { problem: string } {
  const { e: exponent, d: words } = value
  if (!Array.isArray(words)) return { problem: 'is not a finite number' }
  if (exponent >= LIMIT.e) return { problem: OUT_OF_RANGE }
  if (!(exponent >= LOWEST_EXPONENT && words.length <= MOST_WORDS)) {
    return { problem: 'has more than 64 decimals' }
  }
  const text: unknown = value.toFixed()
  return typeof text === 'string' ? readDecimal(text) : { problem: 'is not a number' }
}

/** The problem of a value with too many decimals, as a phrase. Undefined if the value fits without rounding. */
export const decimalsProblem = (value: Decimal, currency: string): string | undefined =>
  value.decimalPlaces() > scaleOf(currency)
    ? `has more than the ${scaleOf(currency)} decimals of ${currency}`
    : undefined

/** Whether a value is a Decimal128, of whichever copy of bson. */
export const isDecimal128 = (value: unknown): value is Decimal128 =>
  value instanceof Decimal128 ||
  (typeof value === 'object' &&
    value !== null &&
    (value as Partial<Decimal128>)._bsontype === 'Decimal128' &&
    // JSON from outside can have the mark, but no bytes.
    ArrayBuffer.isView((value as Partial<Decimal128>).bytes))

/**
 * Converts a stored value, exactly.
 * @example
 * const stored = await Transfer.findById('RENT-1').lean().orFail()
 * toDecimal(stored.amount).times(2).toString() // exact
 */
export function toDecimal(stored: Decimal128): Decimal {
  if (!isDecimal128(stored)) throw new TypeError(`${quote(stored)} is not a Decimal128`)
  const parts = smallPartsOf(stored)
  return parts ? Object.assign(new Decimal(0), parts) : new Decimal(stored.toString())
}

/**
 * Converts a value for storage, with exactly the currency's decimals, so that equal money has equal bytes.
 * @throws RangeError if the value has more decimals than its currency: nothing is rounded
 */
export function toDecimal128(value: Decimal, currency: string): Decimal128 {
  const scale = scaleOf(currency)
  const units = smallUnits(value, scale)
  if (units !== undefined) return decimal128OfUnits(value.isNeg() ? -units : units, scale)
  const text = value.toString()
  const point = text.indexOf('.')
  const decimals = point < 0 ? 0 : text.length - point - 1
  if (decimals > scale)
    throw new RangeError(`${text} has more than the ${scale} decimals of ${currency}`)
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1)
  return decimal128OfUnits(BigInt(digits + '0'.repeat(scale - decimals)), scale)
}

/** The digits in each word of a Decimal, which has its point between two words. */
const WORD = 7

const POWERS = Array.from({ length: 20 }, (_, exponent) => 10 ** exponent)

/**
 * The magnitude of a value in units of 10^−scale, from the words of its digits. Undefined if it is not a whole number of
 * them below 10^15, which a JS number holds exactly. A posting converts three values for each transfer, and the way
 * over text and a bigint takes several times as long.
 */
function smallUnits({ d: words, e: exponent }: Decimal, scale: number): number | undefined {
  if (!(exponent + scale < 15)) return undefined
  let power = WORD * Math.floor(exponent / WORD) + scale
  let units = 0
  for (const word of words) {
    if (power >= 0) units += word * (POWERS[power] as number)
    else {
      const part = word / (POWERS[-power] ?? Number.NaN)
      if (!Number.isInteger(part)) return undefined
      units += part
    }
    power -= WORD
  }
  return units
}

/**
 * Prints a value with exactly the currency's decimals, without grouping or a symbol.
 * @example
 * formatMoney(new Decimal('1234.5'), 'USD') // 1234.50
 */
export function formatMoney(value: Decimal, currency: string): string {
  if (!DecimalJs.isDecimal(value)) throw new TypeError(`${quote(value)} is not a Decimal`)
  return value.toFixed(scaleOf(currency))
}
