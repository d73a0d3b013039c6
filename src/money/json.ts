import { Decimal, type Decimal128, formatMoney, toDecimal } from './money.ts'

/**
 * The same value, of a currency: JSON prints it with exactly the currency's decimals. What is computed from it is an
 * ordinary Decimal.
 */
export const inCurrency = (value: Decimal, currency: string): Decimal =>
  printedAs(value, () => formatMoney(value, currency))

/** Converts a stored value, exactly. JSON prints it with the decimals that it is stored with: those of its currency. */
export const storedMoney = (stored: Decimal128): Decimal =>
  printedAs(toDecimal(stored), () => exactText(stored))

/** The text of a stored value, with all the decimals that it is stored with, and without an exponent. */
export function exactText(stored: Decimal128): string {
  const text = stored.toString()
  return text.includes('E') ? toDecimal(stored).toFixed() : text
}

/** Not enumerable, so that a comparison of objects does not see it. */
const printedAs = (value: Decimal, toJSON: () => string): Decimal =>
  Object.defineProperty(new Decimal(value), 'toJSON', { value: toJSON })
