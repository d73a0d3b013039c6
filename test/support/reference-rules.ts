/**
 * What the documents say about a single value: money, an id, a reference, metadata. Money is a whole number of minor
 * units in a bigint. Nothing here uses Daybook's own code, nor decimal.js.
 */

/** The decimals of the currencies that the tests use. */
const DECIMALS = new Map<unknown, number>([
  ['USD', 2],
  ['EUR', 2],
  ['JPY', 0],
  ['KWD', 3],
])

/** Amounts and balances stay below 10^24. */
const LIMIT_DIGITS = 24

const decimalsOf = (currency: unknown): number => DECIMALS.get(currency) ?? 0

export const isCurrency = (value: unknown): value is string => DECIMALS.has(value)

/** 10^24 in minor units. */
export const limitOf = (currency: string): bigint =>
  10n ** BigInt(LIMIT_DIGITS + decimalsOf(currency))

/**
 * Reads a plain decimal number. The result is in the currency's minor units. It is undefined if the value is not such
 * a number, is out of range, or has more decimals than the currency. With no currency, any number of decimals will
 * do, and the unit is that of the last one.
 */
export function unitsOf(value: unknown, currency: string | undefined): bigint | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined
  if (!['string', 'number', 'bigint'].includes(typeof value)) return undefined
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value))
  if (!match) return undefined
  const [, sign = '', whole = '', decimals = ''] = match
  if (whole.replace(/^0+/, '').length > LIMIT_DIGITS) return undefined
  const significant = decimals.replace(/0+$/, '')
  const places = currency === undefined ? significant.length : decimalsOf(currency)
  if (significant.length > places) return undefined
  return BigInt(`${sign}${whole}${significant.padEnd(places, '0')}`)
}

/** Minor units as text with exactly the currency's decimals. */
export function textOf(units: bigint, currency: string): string {
  const places = decimalsOf(currency)
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  const decimals = places > 0 ? `.${digits.slice(-places)}` : ''
  return `${units < 0n ? '-' : ''}${whole}${decimals}`
}

/** Printable characters, at least one of which is not a space. */
const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' &&
  value.length <= most &&
  value.trim() !== '' &&
  /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(value)

/** An account's id: 1–128 printable characters with no space at its ends. */
export const isAccountId = (value: unknown): value is string =>
  isText(value, 128) && value.trim() === value

/** A transfer's id: the same, and `:reversal` at its end is kept for reversals. */
export const isTransferId = (value: unknown): value is string =>
  isAccountId(value) && !value.endsWith(':reversal')

/** A holder or a reference: 1–256 printable characters. */
export const isLine = (value: unknown): value is string => isText(value, 256)

/** A date in the years 1 to 9999. */
export const isDate = (value: unknown): value is Date =>
  value instanceof Date && /^(?!0000)\d{4}-/.test(JSON.stringify(value).slice(1))

/** A flat object of at most 32 keys, each with a boolean, a finite number or a text of at most 512 characters. */
export function isMetadata(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const entries = Object.entries(value)
  return (
    entries.length <= 32 &&
    entries.every(
      ([key, item]) =>
        isText(key, 64) &&
        !key.startsWith('$') &&
        !key.includes('.') &&
        (typeof item === 'boolean' ||
          Number.isFinite(item) ||
          (typeof item === 'string' && item.length <= 512)),
    )
  )
}
