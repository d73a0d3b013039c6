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
 * Creates the collections, their indexes, and validators that hold for every program that writes to
 * them. What is there already stays, with its validator brought up to date. Must be done before the
 * first transaction: neither an index nor a validator can be made inside one.
 * @throws DatabaseError where the database's user may not change a validator
 */
export async function createCollections(connection: Connection): Promise<void> {
  await createWithValidators(connection)
  for (const model of modelsOf(connection)) await model.createIndexes()
}

/** The part of {@link createCollections} without indexes, of some collections or of all. */
export async function createWithValidators(
  connection: Connection,
  names?: readonly string[],
): Promise<void> {
  const database = primaryDatabaseOf(connection)
  const there = await validatorsOf(database)
  for (const model of modelsOf(connection)) {
    const name = model.collection.collectionName
    if (names && !names.includes(name)) continue
    const validator = validatorOf(model.schema)
    if (!there.has(name) && (await createIfMissing(database, name, { validator }))) continue
    // To change one takes a right that many a user has not who can create one.
    if (!isSame(there.get(name), validator)) await setValidator(database, name, validator)
  }
}

/** Takes the validators and indexes away that {@link createCollections} made, and the collections that are empty. */
export async function removeCollections(connection: Connection): Promise<void> {
  const database = databaseOf(connection)
  const there = new Set((await database.listCollections().toArray()).map(({ name }) => name))
  for (const model of modelsOf(connection)) {
    const name = model.collection.collectionName
    if (!there.has(name)) continue
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

/** As MongoDB itself names an index. */
const indexNameOf = (keys: object): string => Object.entries(keys).flat().join('_')

const modelsOf = (connection: Connection) =>
  [accountModel, transferModel, batchModel, refusalModel].map((model) =>
    connection.model(model(connection).modelName),
  )

/** Creates a collection; false where it is there already. */
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
      `the database user may not change the validator of ${name}: give it the role dbAdmin on the database ${database.databaseName}`,
      { cause: error },
    )
  }
}

/** The validators of all collections that are there. */
async function validatorsOf(database: mongo.Db): Promise<Map<string, unknown>> {
  const collections = await database.listCollections<mongo.CollectionInfo>({}).toArray()
  return new Map(collections.map(({ name, options }) => [name, options?.['validator']]))
}

const isSame = (one: unknown, other: unknown): boolean =>
  EJSON.stringify(one ?? {}) === EJSON.stringify(other)

const decimal128 = (value: Decimal): Decimal128 => Decimal128.fromString(value.toString())

interface Validator {
  readonly $jsonSchema: object
}

/** What of a schema a validator is derived from. */
interface Paths {
  toJSONSchema(options: { useBsonType: boolean }): { properties?: Record<string, object> }
  eachPath(visit: (path: string, type: { instance: string; options: object }) => void): unknown
}

/** The schema as MongoDB's `$jsonSchema`, with bounds that keep NaN and Infinity out of money. */
function validatorOf(schema: Paths): Validator {
  const jsonSchema = schema.toJSONSchema({ useBsonType: true })
  schema.eachPath((path, { instance, options }) => {
    const property = jsonSchema.properties?.[path]
    // To look at each of an account's 100 latest ids makes each of its updates a quarter slower.
    if (property && 'items' in property) delete property.items
    if (instance !== 'Decimal128' || !property) return
    const { above, least } = options as MoneyBounds
    const lower = { minimum: decimal128(above ?? least ?? LIMIT.neg()), exclusiveMinimum: !least }
    Object.assign(property, lower, { maximum: decimal128(LIMIT), exclusiveMaximum: true })
  })
  return { $jsonSchema: jsonSchema }
}
