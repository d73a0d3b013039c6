import { scaleOf } from '../money/currency.ts'
import { LIMIT } from '../money/money.ts'

/** Money in minor units, such as cents, as text with the currency's decimals. */
export function showUnits(units: bigint, currency: string): string {
  const scale = scaleOf(currency)
  if (scale === 0) return String(units)
  const sign = units < 0n ? '-' : ''
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** The limit of all money, in the minor units of a currency by its number of decimals. */
export const LIMITS: readonly bigint[] = [0, 1, 2, 3, 4].map(
  (scale) => BigInt(LIMIT.toFixed()) * 10n ** BigInt(scale),
)

/** What a stored amount must be, as the end of a message. */
export const moneyRule = (currency: string): string =>
  `which is not a Decimal128 with the ${scaleOf(currency)} decimals of ${currency}`

/** What a stored number must be, as the end of a message: a lower bound follows. */
export const WHOLE_NUMBER_RULE = 'which is not a whole number (int) of'

const EXPONENT_BIAS = 6176

/**
 * Decodes a Decimal128 to the units of a currency: the reverse of `decimal128OfUnits`. Undefined unless it has exactly
 * `scale` decimals; so NaN, Infinity and −0 are not money.
 */
export function unitsAt(
  bytes: Buffer,
  { offset, scale }: { offset: number; scale: number },
): bigint | undefined {
  const top = bytes.readUInt32LE(offset + 12)
  // Both bits are set in NaN, in Infinity, and in an encoding of digits that are too large for a Decimal128.
  if (((top >>> 29) & 3) === 3) return undefined
  if (((top >>> 17) & 0x3fff) - EXPONENT_BIAS !== -scale) return undefined
  const low = bytes.readBigUInt64LE(offset)
  const high = bytes.readUInt32LE(offset + 8)
  const topDigits = top & 0x1ffff
  const digits =
    high === 0 && topDigits === 0 ? low : (BigInt(topDigits) << 96n) | (BigInt(high) << 64n) | low
  if (top >>> 31 === 0) return digits
  return digits === 0n ? undefined : -digits
}
