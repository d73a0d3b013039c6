import { Schema, type SchemaTypeOptions } from 'mongoose'
import { type Decimal, Decimal128, formatMoney, readDecimal, toDecimal } from '../money/money.ts'

/** A record as its document shows it: money is a decimal.js value, all else is as stored. */
export type WithDecimals<Record> = {
  [Path in keyof Record]: Record[Path] extends Decimal128 ? Decimal : Record[Path]
}

/** A record as JSON has it: money is a text with the currency's decimals. */
type WithTexts<Record> = {
  [Path in keyof Record]: Record[Path] extends Decimal128 ? string : Record[Path]
}

/** A record's document, as which money is decimal, whose plain objects are otherwise: as stored, and as JSON. */
export interface PlainForms<Record> {
  toObject(): Record
  toJSON(): WithTexts<Record>
}

/** Bounds of a path of money within those of all money: it is above the one, or at least the other. */
export interface MoneyBounds {
  readonly above?: Decimal
  readonly least?: Decimal
}

/**
 * A path of money: stored as Decimal128, read as a decimal.js value. Mongoose's own cast takes `1e3`,
 * `NaN` and inexact numbers and its `min` ignores Decimal128, so values are read by {@link readDecimal}.
 */
export const moneyPath = (bounds: MoneyBounds = {}): SchemaTypeOptions<Decimal128> => ({
  ...bounds,
  type: Schema.Types.Decimal128,
  required: true,
  get: (stored: Decimal128 | undefined) => (stored && toDecimal(stored)) as unknown as Decimal128,
  set(value: unknown) {
    const decimal = readDecimal(value)
    if ('problem' in decimal) throw new RangeError(decimal.problem)
    return value instanceof Decimal128 ? value : Decimal128.fromString(decimal.toString())
  },
})

/** A `toJSON` option that writes the money at these paths as text with the currency's decimals. */
export const moneyAsText = <Path extends string>(...paths: Path[]) => ({
  transform(document: { currency?: string } & Record<Path, Decimal>, json: Record<Path, unknown>) {
    for (const path of paths) {
      const value = document[path]
      // A projection may have left the currency out.
      const { currency } = document
      if (value) json[path] = currency ? formatMoney(value, currency) : value.toString()
    }
    return json
  },
})
