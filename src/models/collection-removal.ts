import type { Connection, mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { ledgerModels } from './define-ledger.ts'
import { modelsOf, storedCollections } from './expected-collections.ts'
import { isForeign } from './foreign-documents.ts'
import type { AnyModel } from './taken-names.ts'
import { transferModel } from './transfer.ts'
import { transferGroupModel } from './transfer-group.ts'
import { setValidator } from './validators.ts'

/**
 * Removes the validators and indexes that {@link createCollections} made, and collections that are empty. Leaves those
 * that hold only another program's documents.
 */
export async function removeCollections(connection: Connection): Promise<void> {
  const database = databaseOf(connection)
  const existing = await storedCollections(database)
  for (const [key, model] of modelsOf(connection)) {
    const name = model.collection.collectionName
    if (existing.has(name) && !(await isForeign(database, { key, name })))
      await removeCollection(database, model)
  }
}

/**
 * Removes the collection of holds if it is empty, else its validator and indexes.
 * @throws InputError if a hold is active: an earlier version would not know that its money is promised
 */
export async function removeHolds(connection: Connection): Promise<void> {
  const { Hold } = ledgerModels(connection)
  const database = databaseOf(connection)
  const name = Hold.collection.collectionName
  if (!(await storedCollections(database)).has(name)) return
  const active = await database
    .collection<{ _id: string }>(name)
    .findOne({ status: 'active' }, { readPreference: 'primary' })
  if (active) {
    throw new InputError(
      `hold ${quote(active._id)} is active: capture, release or expire all holds before their collection is removed`,
    )
  }
  await removeCollection(database, Hold as unknown as AnyModel)
}

async function removeCollection(
  database: mongo.Db,
  { collection: { collectionName }, schema }: AnyModel,
): Promise<void> {
  const collection = database.collection(collectionName)
  if (!(await collection.findOne({}, { readPreference: 'primary' }))) {
    await collection.drop()
    return
  }
  await setValidator(database, collectionName, {})
  await dropIndexes(
    collection,
    schema.indexes().map(([keys]) => keys),
  )
}

/** Removes the indexes of transfers by their effective dates. */
export const removeEffectiveDateIndexes = (connection: Connection): Promise<void> =>
  removeTransferIndexes(connection, 'effectiveAt')

/** Removes the index of transfers by their groups, and the collection of groups if it is empty. */
export async function removeGroups(connection: Connection): Promise<void> {
  await removeTransferIndexes(connection, 'group')
  const database = databaseOf(connection)
  const groups = transferGroupModel(connection).collection.collectionName
  if (!(await storedCollections(database)).has(groups)) return
  if (!(await database.collection(groups).findOne({}))) await database.dropCollection(groups)
}

/** Removes the indexes of transfers that have a field among their keys. */
async function removeTransferIndexes(connection: Connection, field: string): Promise<void> {
  const { collection, schema } = transferModel(connection)
  const database = databaseOf(connection)
  const name = collection.collectionName
  if (!(await storedCollections(database)).has(name)) return
  const keys = schema.indexes().flatMap(([each]) => (field in each ? [each] : []))
  await dropIndexes(database.collection(name), keys)
}

async function dropIndexes(
  collection: mongo.Collection,
  indexes: readonly object[],
): Promise<void> {
  const existing = new Set((await collection.indexes()).map(({ name }) => name))
  for (const keys of indexes) {
    const name = indexNameOf(keys)
    if (existing.has(name)) await collection.dropIndex(name)
  }
}

/** The name that MongoDB gives to an index with these keys. */
const indexNameOf = (keys: object): string => Object.entries(keys).flat().join('_')
