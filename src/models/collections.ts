import mongoose, { type Connection, type mongo } from 'mongoose'
import { DatabaseError } from '../errors.ts'
import { type Decimal, Decimal128, LIMIT } from '../money/money.ts'
import { databaseOf, primaryDatabaseOf } from '../mongodb/connection.ts'
import { isServerError } from '../mongodb/server-errors.ts'
import { accountModel } from './account.ts'
import { batchModel, refusalModel } from './batch.ts'
import type { MoneyBounds } from './money-path.ts'
import { transferModel } from './transfer.ts'

const { EJSON } = mongoose.mongo.BSON

/**
 * Creates the collections with their indexes and validators. The validators hold for every program that
 * writes to the collections. Existing collections stay, and their validators are brought up to date. Call
 * this before the first transaction, because indexes and validators cannot be created inside one.
 * @throws DatabaseError if the database user may not change a validator
 */
export async function createCollections(connection: Connection): Promise<void> {
  await createWithValidators(connection)
  for (const model of modelsOf(connection)) await model.createIndexes()
}

/** Creates the named collections, or all of them, with their validators but without their indexes. */
export async function createWithValidators(
  connection: Connection,
  names?: readonly string[],
): Promise<void> {
  const database = primaryDatabaseOf(connection)
  const existing = await validatorsOf(database)
  for (const model of modelsOf(connection)) {
    const name = model.collection.collectionName
    if (names && !names.includes(name)) continue
    const validator = validatorOf(model.schema)
    if (!existing.has(name) && (await createIfMissing(database, name, { validator }))) continue
    // Changing a validator takes a privilege that many users who can create a collection do not have.
    if (!isSameValidator(existing.get(name), validator))
      await setValidator(database, name, validator)
  }
}

/** Removes the validators and indexes that {@link createCollections} made, and collections that are empty. */
export async function removeCollections(connection: Connection): Promise<void> {
  const database = databaseOf(connection)
  const existing = new Set((await database.listCollections().toArray()).map(({ name }) => name))
  for (const model of modelsOf(connection)) {
    const name = model.collection.collectionName
    if (!existing.has(name)) continue
    const collection = database.collection(name)
    if (!(await collection.findOne({}, { readPreference: 'primary' }))) {
      await collection.drop()
      continue
    }
    await setValidator(database, name, {})
    const indexes = new Set((await collection.indexes()).map((index) => index.name))
    for (const [keys] of model.schema.indexes()) {
      const index = indexNameOf(keys)
      if (indexes.has(index)) await collection.dropIndex(index)
    }
  }
}

/** The name that MongoDB gives to an index with these keys. */
const indexNameOf = (keys: object): string => Object.entries(keys).flat().join('_')

const modelsOf = (connection: Connection) =>
  [accountModel, transferModel, batchModel, refusalModel].map((model) =>
    connection.model(model(connection).modelName),
  )

/** Creates a collection. Returns false if it already exists. */
export async function createIfMissing(
  database: mongo.Db,
  name: string,
  options: mongo.CreateCollectionOptions = {},
): Promise<boolean> {
  try {
    await database.createCollection(name, options)
    return true
  } catch (error) {
    if (isServerError(error, 'NamespaceExists')) return false
    throw error
  }
}

async function setValidator(
  database: mongo.Db,
  name: string,
  validator: Validator | Record<string, never>,
): Promise<void> {
  try {
    await database.command({ collMod: name, validator })
  } catch (error) {
    if (!isServerError(error, 'Unauthorized')) throw error
    throw new DatabaseError(
      `the database user may not change the validator of ${name}: grant it the role dbAdmin on the database ${database.databaseName}`,
      { cause: error },
    )
  }
}

async function validatorsOf(database: mongo.Db): Promise<Map<string, unknown>> {
  const collections = await database.listCollections<mongo.CollectionInfo>({}).toArray()
  return new Map(collections.map(({ name, options }) => [name, options?.['validator']]))
}

const isSameValidator = (one: unknown, other: unknown): boolean =>
  EJSON.stringify(one ?? {}) === EJSON.stringify(other)

const decimal128 = (value: Decimal): Decimal128 => Decimal128.fromString(value.toString())

interface Validator {
  readonly $jsonSchema: object
}

/** The part of a Mongoose schema that a validator is derived from. */
interface SchemaPaths {
  toJSONSchema(options: { useBsonType: boolean }): { properties?: Record<string, object> }
  eachPath(visit: (path: string, type: { instance: string; options: object }) => void): unknown
}

/** Converts a schema to MongoDB's `$jsonSchema`. Bounds on each money field keep out NaN and Infinity. */
function validatorOf(schema: SchemaPaths): Validator {
  const jsonSchema = schema.toJSONSchema({ useBsonType: true })
  schema.eachPath((path, { instance, options }) => {
    const property = jsonSchema.properties?.[path]
    // Checking each of an account's 100 latest ids would make every update of it a quarter slower.
    if (property && 'items' in property) delete property.items
    if (instance !== 'Decimal128' || !property) return
    const { above, atLeast } = options as MoneyBounds
    const lower = {
      minimum: decimal128(above ?? atLeast ?? LIMIT.neg()),
      exclusiveMinimum: !atLeast,
    }
    Object.assign(property, lower, { maximum: decimal128(LIMIT), exclusiveMaximum: true })
  })
  return { $jsonSchema: jsonSchema }
}
