/**
 * The bytes of a Decimal128. BSON uses the binary integer encoding of decimal128 in IEEE 754-2008: a sign bit, 14 bits of
 * biased exponent and 113 bits of digits.
 */
import mongoose from 'mongoose'

export const Decimal128 = mongoose.Types.Decimal128
export type Decimal128 = mongoose.Types.Decimal128

const EXPONENT_BIAS = 6176

/**
 * Encodes units × 10^−scale, where a unit is the smallest of the currency, such as a cent. A number must be a safe integer.
 * This takes a small part of the time of `Decimal128.fromString`.
 */
export function decimal128OfUnits(units: bigint | number, scale: number): Decimal128 {
  const digits = units < 0 ? -units : units
  if (typeof digits === 'number') {
    scratch.setUint32(0, digits, true)
    scratch.setUint32(4, digits / 2 ** 32, true)
    scratch.setBigUint64(8, 0n, true)
  } else {
    scratch.setBigUint64(0, digits & LOW_64_BITS, true)
    scratch.setBigUint64(8, digits >> 64n, true)
  }
  const sign = units < 0 ? SIGN_BIT : 0
  const top = scratch.getUint32(12, true)
  scratch.setUint32(12, top + sign + (EXPONENT_BIAS - scale) * 2 ** 17, true)
  return new Decimal128(scratchBytes.slice())
}

const LOW_64_BITS = (1n << 64n) - 1n
const SIGN_BIT = 2 ** 31

const scratchBytes = new Uint8Array(16)
const scratch = new DataView(scratchBytes.buffer)

/** Decodes what {@link decimal128OfUnits} has encoded: the units, whatever their scale. */
export function unitsOf(stored: Decimal128): bigint {
  scratchBytes.set(stored.bytes)
  const top = scratch.getBigUint64(8, true)
  const low = scratch.getBigUint64(0, true)
  const high = top & HIGH_DIGITS
  const digits = high === 0n ? low : (high << 64n) | low
  return top >> 63n === 0n ? digits : -digits
}

const HIGH_DIGITS = (1n << 49n) - 1n

/**
 * Decodes a Decimal128 to the units of a currency: the reverse of {@link decimal128OfUnits}. Undefined unless it has exactly
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

/** The text of a Decimal128 within bytes, as its `toString()` writes it, in a small part of the time. */
export function decimalTextAt(bytes: Buffer, offset: number): string {
  const top = bytes.readUInt32LE(offset + 12)
  const scale = EXPONENT_BIAS - (top >>> 17)
  const high = bytes.readUInt32LE(offset + 4)
  const isSmall = (top & 0x1ffff) === 0 && bytes.readUInt32LE(offset + 8) === 0 && high < 2 ** 21
  // Others, and negative ones, are rare. With more decimals some are written with an exponent.
  if (!isSmall || scale < 0 || scale > 6) {
    return new Decimal128(bytes.subarray(offset, offset + 16)).toString()
  }
  const digits = String(high * 2 ** 32 + bytes.readUInt32LE(offset))
  if (scale === 0) return digits
  const whole = digits.length - scale
  return whole > 0
    ? `${digits.slice(0, whole)}.${digits.slice(whole)}`
    : `0.${digits.padStart(scale, '0')}`
}

/** The sign, the exponent and the words of a value as decimal.js has them: seven digits in each, and the point between two. */
interface DecimalParts {
  readonly s: number
  readonly e: number
  readonly d: number[]
}

const WORD = 7
const WORD_BASE = 10 ** WORD

/**
 * The parts of a stored value. Undefined unless it has at most seven decimals, and fewer than 2^53 units. A posting reads two
 * values of each account, and the way over text takes several times as long.
 */
export function smallPartsOf({ bytes }: Decimal128): DecimalParts | undefined {
  // Another copy's object may have any bytes.
  if (bytes.length !== scratchBytes.length) return undefined
  scratchBytes.set(bytes)
  const top = scratch.getUint32(12, true)
  const scale = EXPONENT_BIAS - ((top >>> 17) & 0x3fff)
  const high = scratch.getUint32(4, true)
  const isSmall = (top & 0x1ffff) === 0 && scratch.getUint32(8, true) === 0 && high < 2 ** 21
  if (!isSmall || scale < 0 || scale > WORD) return undefined
  const units = high * 2 ** 32 + scratch.getUint32(0, true)
  const s = top >>> 31 === 0 ? 1 : -1
  if (units === 0) return { s, e: 0, d: [0] }
  const unit = 10 ** scale
  // A remainder is exact; a quotient of large numbers is not.
  const decimals = units % unit
  const d = [decimals * 10 ** (WORD - scale)]
  for (let rest = (units - decimals) / unit; rest > 0;) {
    const word = rest % WORD_BASE
    d.unshift(word)
    rest = (rest - word) / WORD_BASE
  }
  const e = digitsOf(d[0] as number) + WORD * (d.length - 2) - 1
  while (d.at(-1) === 0) d.pop()
  return { s, e, d }
}

/** How many digits a positive whole number has that fits into a word. */
function digitsOf(word: number): number {
  let digits = 1
  for (let power = 10; power <= word; power *= 10) digits += 1
  return digits
}
