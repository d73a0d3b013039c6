import { type Document, Schema } from 'mongoose'
import type { FieldOwner } from '../definition.ts'
import { DEFAULT_LENGTH, type FieldRule, LONGEST_TEXT } from '../field-definition.ts'
import type { OwnField, OwnFields } from '../ledger/own-fields.ts'
import { quote } from '../messages.ts'
import { type Decimal, Decimal128, LIMIT } from '../money/money.ts'
import { decimalPath } from './money-path.ts'

/** The option of a path that says that it is a field of the ledger's own. */
const RULE = 'ownField'

/** Adds the own fields of records to a copy of their schema. */
export function addOwnPaths(schema: Schema, { all }: OwnFields): void {
  schema.add(Object.fromEntries(all.map((field) => [field.name, pathOf(field)])) as never)
  const decimals = all.filter(({ type }) => type === 'Decimal128').map(({ name }) => name)
  if (decimals.length === 0) return
  const { transform } = schema.get('toJSON') as { transform: Transform }
  const withDecimals: Transform = (document, json, options) => {
    for (const name of decimals) {
      const value = Reflect.get(document, name) as Decimal | undefined
      if (value) json[name] = value.toString()
    }
    return transform(document, json, options)
  }
  schema.set('toJSON', { transform: withDecimals as never })
}

type Transform = (
  document: object,
  json: Record<string, unknown>,
  options: object,
) => Record<string, unknown>

const pathOf = (field: OwnField): object => ({
  [RULE]: field,
  type: Schema.Types[field.type],
  ...(field.type === 'Decimal128' && decimalPath),
  ...(field.ref !== undefined && { ref: field.ref }),
  ...(field.required && { required: isRequired(field.name) }),
  validate: {
    validator: (value: unknown) => value === null || field.read(value) !== undefined,
    message: ({ value }: { value: unknown }) =>
      `${field.name} ${quote(value)} is not ${field.read.expected}`,
  },
})

/** An account from before the field was required stays as it is, unless a change would remove the value. */
const isRequired = (name: string) =>
  function isRequiredNow(this: Partial<Document> | undefined): boolean {
    return (this?.isNew ?? true) || this?.isModified?.(name) === true
  }

/**
 * What the server checks of a field of the ledger's own, if it is there; undefined for another path. The limits of transfers
 * are left out: a transfer never changes, and one that was posted under other limits can still be reversed.
 */
export function serverRuleOf(path: object, owner: FieldOwner): object | undefined {
  const rule = (path as { [RULE]?: FieldRule })[RULE]
  if (!rule) return undefined
  const { type } = rule
  const limits: Partial<FieldRule> = owner === 'account' ? rule : {}
  const { enum: values, maxLength = DEFAULT_LENGTH, min, max } = limits
  const bsonType = [...BSON_TYPES[type], 'null']
  switch (type) {
    case 'String':
      return {
        bsonType,
        minLength: 1,
        maxLength: owner === 'account' ? maxLength : LONGEST_TEXT,
        ...(values && { enum: [...values, null] }),
      }
    case 'Number':
    case 'Int32':
      // The bounds also keep out NaN and Infinity.
      return {
        bsonType,
        minimum: min ?? -Number.MAX_VALUE,
        maximum: max ?? Number.MAX_VALUE,
      }
    case 'Decimal128':
      return {
        bsonType,
        minimum: Decimal128.fromString(String(min ?? LIMIT.neg())),
        maximum: Decimal128.fromString(String(max ?? LIMIT)),
      }
    default:
      return { bsonType }
  }
}

/** The types in which the values of a field are stored, as `$jsonSchema` names them. */
export const BSON_TYPES: Readonly<Record<FieldRule['type'], readonly string[]>> = {
  String: ['string'],
  // The driver stores a whole number as an int if it can.
  Number: ['double', 'int', 'long'],
  Int32: ['int'],
  Boolean: ['bool'],
  Date: ['date'],
  Decimal128: ['decimal'],
  ObjectId: ['objectId'],
}
