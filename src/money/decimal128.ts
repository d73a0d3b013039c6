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
