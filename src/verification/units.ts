import type { DocumentReader } from '../ledger/documents/document-reader.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { LIMIT } from '../money/money.ts'

/** The currency of a record; undefined if it is damaged. Without it, no money of the record can be read. */
export function currencyOf(reader: Pick<DocumentReader<'currency'>, 'text'>): string | undefined {
  const currency = reader.text('currency')
  return isCurrency(currency) ? currency : undefined
}

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
