import mongoose, { type Connection } from 'mongoose'
import { accountModel } from './account.ts'
import { batchModel, refusalModel } from './batch.ts'
import type { MoneyBounds } from './money-path.ts'
import { type Decimal, Decimal128, LIMIT } from './money.ts'
import { databaseOf } from './transaction.ts'
import { transferModel } from './transfer.ts'

/**
 * Creates the collections, their indexes, and validators that hold for every program that writes to
 * them. What is there already stays, with its validator brought up to date. Must be done before the
 * first transaction: neither an index nor a validator can be made inside one.
 */
export async function createCollections(connection: Connection): Promise<void> {
  const database = databaseOf(connection)
  for (const model of modelsOf(connection)) {
    const name = model.collection.collectionName
    const validator = validatorOf(model.schema)
    try {
      await database.createCollection(name, { validator })
    } catch (error) {
      if (!isNamespaceExists(error)) throw error
      await database.command({ collMod: name, validator })
    }
    await model.createIndexes()
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
    await database.command({ collMod: name, validator: {} })
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

const isNamespaceExists = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoServerError && error.codeName === 'NamespaceExists'

const decimal128 = (value: Decimal): Decimal128 => Decimal128.fromString(value.toString())

/** What of a schema a validator is derived from. */
interface Paths {
  toJSONSchema(options: { useBsonType: boolean }): { properties?: Record<string, object> }
  eachPath(visit: (path: string, type: { instance: string; options: object }) => void): unknown
}

/** The schema as MongoDB's `$jsonSchema`, with bounds that keep NaN and Infinity out of money. */
function validatorOf(schema: Paths): { $jsonSchema: object } {
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
