import { types } from 'node:util'
import type { Connection, Types } from 'mongoose'
import { type FieldOwner, type Ledger, ledgerOf } from '../definition.ts'
import { InvalidFieldError } from '../errors.ts'
import { exactText, storedMoney } from '../money/json.ts'
import { type Decimal128, isDecimal128 } from '../money/money.ts'
import type { FieldRule } from '../field-definition.ts'
import {
  type FieldReader,
  isSameValue,
  objectIdText,
  readerOf,
  typeReaderOf,
  valueOfText,
} from './field-values.ts'

/** The values of a record's own fields, by name. */
export type FieldValues = Readonly<Record<string, unknown>>

/** One field of one's own, ready to be used for each record. */
export interface OwnField extends FieldRule {
  readonly read: FieldReader
  /** Reads every value of its type, whatever its limits are. */
  readonly readType: FieldReader
}

/** The own fields of a ledger's accounts or transfers. They are prepared once for all records. */
export class OwnFields {
  readonly all: readonly OwnField[]
  readonly names: readonly string[]
  readonly #compared: readonly OwnField[]
  /** Keys that requests may have, with those of the fields. */
  readonly #keys = new Map<object, object>()

  constructor(rules: readonly FieldRule[]) {
    this.all = rules.map((rule) => ({
      ...rule,
      read: readerOf(rule),
      readType: typeReaderOf(rule),
    }))
    this.names = rules.map(({ name }) => name)
    this.#compared = this.all.filter(({ compare }) => compare)
  }

  /** These keys of a request, and the names of the fields. */
  keysWith<Keys extends object>(keys: Keys): Keys {
    let all = this.#keys.get(keys)
    if (!all) {
      all = { ...keys, ...Object.fromEntries(this.names.map((name) => [name, true])) }
      this.#keys.set(keys, all)
    }
    return all as Keys
  }

  /** The values that an object has, as they are now, because its owner may change it. Null counts as absent. */
  of(object: object): FieldValues {
    const values: Record<string, unknown> = {}
    for (const name of this.names) {
      const value: unknown = Reflect.get(object, name) ?? undefined
      if (value === undefined) continue
      values[name] = types.isDate(value) ? new Date(Date.prototype.getTime.call(value)) : value
    }
    return values
  }

  /**
   * {@link of} an object that was read from a file, where a number, a date and a truth value may be text, and an ObjectId
   * extended JSON. What is none of its type stays, for {@link read} to refuse.
   */
  fromTexts(object: object): FieldValues {
    const values: Record<string, unknown> = {}
    for (const { name, type } of this.all) {
      const value: unknown = Reflect.get(object, name) ?? undefined
      if (value !== undefined && value !== '')
        values[name] = typeof value === 'string' ? valueOfText(value, type) : objectIdText(value)
    }
    return values
  }

  /**
   * The values in the form in which they are stored, or the refusal of the first that is none of its type. Limits and
   * `required` may have come after a record, so they only make `refusal`. `mayLack` leaves out what is required.
   */
  read(
    given: FieldValues,
    { mayLack = false }: { mayLack?: boolean } = {},
  ): FieldReading | InvalidFieldError {
    const values: Record<string, unknown> = {}
    let refusal: InvalidFieldError | undefined
    for (const { name, required, read, readType } of this.all) {
      const value = given[name] ?? undefined
      if (value === undefined && (mayLack || !required)) continue
      let stored = value === undefined ? undefined : read(value)
      if (stored === undefined) {
        const error = new InvalidFieldError({ field: name, value, expected: read.expected })
        refusal ??= error
        if (value === undefined) continue
        stored = readType(value)
        if (stored === undefined) return error
      }
      values[name] = stored
    }
    return { values, refusal }
  }

  /** The values of a stored record as a document shows them: a decimal is of decimal.js. */
  shown(record: object): FieldValues {
    const values = this.of(record)
    const decimals = this.all.filter(({ name, type }) => type === 'Decimal128' && values[name])
    if (decimals.length === 0) return values
    const shown = decimals.map(({ name }) => [name, storedMoney(values[name] as Decimal128)])
    return { ...values, ...Object.fromEntries(shown) }
  }

  /** The values of a stored record for a file: a decimal without an exponent and an ObjectId are text. */
  exported(record: object): FieldValues {
    const values: Record<string, unknown> = {}
    for (const { name, type } of this.all) {
      const value: unknown = Reflect.get(record, name) ?? undefined
      if (value === undefined) continue
      if (isDecimal128(value)) values[name] = exactText(value)
      else values[name] = type === 'ObjectId' ? (value as Types.ObjectId).toString() : value
    }
    return values
  }

  /**
   * The fields that are compared and have other values in a stored record than in a request. A stored record that lacks a
   * required field is from before it was required, so it is not known to differ.
   */
  differences(requested: object, existing: object): string[] {
    return this.#compared
      .filter(({ name, required }) => {
        const value: unknown = Reflect.get(existing, name) ?? undefined
        if (required && value === undefined) return false
        return !isSameValue(Reflect.get(requested, name), value)
      })
      .map(({ name }) => name)
  }
}

/** The values that a record is asked to have. */
interface FieldReading {
  readonly values: FieldValues
  /** Why a new record cannot have them. A record from before a rule may. */
  readonly refusal: InvalidFieldError | undefined
}

type OwnFieldsByOwner = Partial<Readonly<Record<FieldOwner, OwnFields>>>

const compiled = new WeakMap<Ledger, OwnFieldsByOwner>()

/** The own fields of a connection's ledger; undefined for records that have none. */
export const ownFieldsOf = (connection: Connection): OwnFieldsByOwner =>
  ownFieldsIn(ledgerOf(connection))

/** {@link ownFieldsOf} a ledger. */
export function ownFieldsIn(ledger: Ledger): OwnFieldsByOwner {
  let found = compiled.get(ledger)
  if (!found) {
    const { account, transfer } = ledger.fields
    found = {
      ...(account.length > 0 && { account: new OwnFields(account) }),
      ...(transfer.length > 0 && { transfer: new OwnFields(transfer) }),
    }
    compiled.set(ledger, found)
  }
  return found
}
