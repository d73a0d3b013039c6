import mongoose, { type mongo } from 'mongoose'
import type { FieldOwner } from '../definition.ts'
import { DatabaseError } from '../errors.ts'
import { quote } from '../messages.ts'
import { type Decimal, Decimal128, LIMIT } from '../money/money.ts'
import { isServerError } from '../mongodb/server-errors.ts'
import type { MoneyBounds } from './money-path.ts'
import { serverRuleOf } from './own-paths.ts'

const { EJSON } = mongoose.mongo.BSON

/** How the validation of a collection differs from what it should be, as a phrase. Undefined if it does not. */
export function validationProblem(
  { options = {} }: mongo.CollectionInfo,
  expected: object,
): string | undefined {
  const {
    validator,
    validationLevel: level = 'strict',
    validationAction: action = 'error',
  } = options
  if (!validator) return 'has no validator'
  if (!isSameValidator(validator, expected)) return 'has another validator than Daybook’s'
  if (level !== 'strict') return `has the validation level ${quote(level)}, not "strict"`
  if (action !== 'error') return `has the validation action ${quote(action)}, not "error"`
  return undefined
}

export async function setValidator(
  database: mongo.Db,
  name: string,
  validator: Validator | Record<string, never>,
): Promise<void> {
  try {
    await database.command({
      collMod: name,
      validator,
      validationLevel: 'strict',
      validationAction: 'error',
    })
  } catch (error) {
    if (isServerError(error, 'InvalidOptions')) {
      throw new DatabaseError(
        `${name} is not a collection that can have a validator, such as a view: rename or drop it, then create the collections again`,
        { cause: error },
      )
    }
    throw error
  }
}

const isSameValidator = (one: unknown, other: unknown): boolean =>
  EJSON.stringify(one ?? {}) === EJSON.stringify(other)

const decimal128 = (value: Decimal): Decimal128 => Decimal128.fromString(value.toString())

export interface Validator {
  readonly $jsonSchema: { readonly properties: Readonly<Record<string, object>> }
}

/** The part of a Mongoose schema that a validator is derived from. */
interface SchemaPaths {
  toJSONSchema(options: { useBsonType: boolean }): Record<string, unknown>
  eachPath(visit: (path: string, type: { instance: string; options: object }) => void): unknown
}

/** Converts a schema to MongoDB's `$jsonSchema`. Bounds on each money field keep out NaN and Infinity. */
export function validatorOf(schema: SchemaPaths, owner: FieldOwner | undefined): Validator {
  const jsonSchema = schema.toJSONSchema({ useBsonType: true }) as {
    properties: Record<string, object>
  }
  schema.eachPath((path, { instance, options }) => {
    const property = jsonSchema.properties[path]
    // Checking each of an account's 100 latest ids would make every update of it a quarter slower.
    if (property && 'items' in property) delete property.items
    const rule = owner && serverRuleOf(options, owner)
    if (rule) jsonSchema.properties[path] = rule
    if (instance !== 'Decimal128' || !property || rule) return
    const { above, atLeast } = options as MoneyBounds
    const lower = {
      minimum: decimal128(above ?? atLeast ?? LIMIT.neg()),
      exclusiveMinimum: !atLeast,
    }
    Object.assign(property, lower, { maximum: decimal128(LIMIT), exclusiveMaximum: true })
  })
  return { $jsonSchema: jsonSchema }
}
