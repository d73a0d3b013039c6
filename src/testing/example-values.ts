import mongoose from 'mongoose'
import type { FieldRule } from '../field-definition.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import { Decimal } from '../money/money.ts'

/**
 * A value for each required field of the ledger's own, made from its definition, always the same. Only a text that must match an
 * expression has none: nobody can make one from it.
 */
export const exampleValues = (fields: OwnFields | undefined): object =>
  Object.fromEntries(
    (fields?.all ?? [])
      .filter(({ required, match }) => required && !match)
      .map((field) => [field.name, exampleOf(field)]),
  )

function exampleOf({ name, type, enum: values, maxLength, min, max }: FieldRule): unknown {
  switch (type) {
    case 'String':
      return values?.[0] ?? name.slice(0, maxLength)
    case 'Number':
      return within(1, { min, max }).toNumber()
    case 'Int32':
      return within(1, { min, max }).ceil().toNumber()
    case 'Decimal128':
      return within(1, { min, max }).toString()
    case 'Date':
      return new Date(within(Date.UTC(2026, 0), { min, max }).toNumber())
    case 'Boolean':
      return false
    case 'ObjectId':
      return new mongoose.Types.ObjectId('000000000000000000000001')
  }
}

interface Limits {
  readonly min: FieldRule['min'] | undefined
  readonly max: FieldRule['max'] | undefined
}

const within = (value: number, { min, max }: Limits): Decimal =>
  Decimal.min(max ?? Infinity, Decimal.max(min ?? -Infinity, value))
