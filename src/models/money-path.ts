import mongoose, { type Model, Schema, type SchemaType, type SchemaTypeOptions } from 'mongoose'
import { quote } from '../messages.ts'
import type { PlainRecord } from '../money/plain-records.ts'
import { storedMoney } from '../money/json.ts'
import {
  type Decimal,
  Decimal128,
  formatMoney,
  isDecimal128,
  readDecimal,
  type MoneyInput,
} from '../money/money.ts'

/** A record as its document shows it: money is a Decimal, and the other fields are as stored. */
export type WithDecimals<Record> = {
  [Path in keyof Record]: Record[Path] extends Decimal128 | undefined
    ? Decimal | Exclude<Record[Path], Decimal128>
    : Record[Path]
}

/** A record as filters may name its values: money in each type that Mongoose casts, which a bigint is not. */
type WithMoneyInputs<Record> = {
  [Path in keyof Record]: Record[Path] extends Decimal128 | undefined
    ? Exclude<MoneyInput, bigint>
    : Record[Path]
}

/** A model of records with money. Filters take money as text, number or Decimal too, and `lean()` returns the records as stored. */
export type MoneyModel<Record, HydratedRecord, Methods = object> = Model<
  WithMoneyInputs<Record>,
  object,
  Methods,
  object,
  HydratedRecord,
  Schema,
  Record
>

/** The plain objects that a document converts to. They have no Decimal: money is a Decimal128 or a string. */
export interface PlainForms<Record> {
  toObject(): Record
  toJSON(): PlainRecord<Record>
}

/** The lower bound of a money path. */
export interface MoneyBounds {
  /** The value must be greater than this. */
  readonly above?: Decimal
  /** The value must be this or more. */
  readonly atLeast?: Decimal
}

/**
 * A schema path for money, stored as Decimal128 and read as Decimal. Values are read by {@link readDecimal},
 * because Mongoose's own cast accepts `1e3`, `NaN` and inexact numbers, and its `min` ignores Decimal128.
 */
export const moneyPath = (bounds: MoneyBounds = {}): SchemaTypeOptions<Decimal128> => ({
  ...bounds,
  ...decimalPath,
  type: Schema.Types.Decimal128,
  required: true,
})

/**
 * Makes a value a Decimal128 of a copy of Mongoose, whichever copy's it was. Other values are cast as Mongoose does.
 */
export const castTo = ({ Types: { Decimal128: Own }, Schema: { Types } }: typeof mongoose) => {
  const cast = Types.Decimal128.cast() as (value: unknown) => unknown
  return (value: unknown): unknown =>
    isDecimal128(value) && !(value instanceof Own)
      ? new Own((value as Decimal128).bytes)
      : cast(value)
}

/** The error of Mongoose for a value that it cannot cast, with what is wrong with the value. */
function castError(value: unknown, path: string, problem: string): Error {
  const error = new mongoose.Error.CastError('Decimal128', value, path, new RangeError(problem))
  const message = `${path} ${quote(value)} ${problem}`
  // A query writes the message again, with the name of its model.
  return Object.assign(error, { message, messageFormat: () => message })
}

/** How a path is stored as Decimal128 and read as Decimal. Null stays, so that Mongoose says whether it is allowed. */
export const decimalPath = {
  cast: castTo(mongoose) as never,
  get: (stored: Decimal128 | undefined) => (stored && storedMoney(stored)) as unknown as Decimal128,
  set(value: unknown, _previous?: unknown, schemaType?: unknown) {
    if (value === null) return value
    const decimal = readDecimal(value)
    if ('problem' in decimal) {
      throw castError(value, (schemaType as SchemaType).path, decimal.problem)
    }
    return isDecimal128(value)
      ? new Decimal128(value.bytes)
      : Decimal128.fromString(decimal.toString())
  },
}

/** A `toJSON` option that prints the money at these paths with the currency's decimals. */
export const moneyAsText = <Path extends string>(...paths: Path[]) => ({
  transform(
    document: { currency?: string } & Record<Path, Decimal>,
    json: Partial<Record<Path, unknown>>,
  ) {
    for (const path of paths) {
      if (json[path] === undefined) continue
      const value = document[path]
      // The document may have been read without its currency.
      const { currency } = document
      if (value) json[path] = currency ? formatMoney(value, currency) : value.toJSON()
    }
    return json
  },
})
