import type { Connection, mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import type { BatchRecord } from '../models/batch.ts'
import { storedCollections } from '../models/expected-collections.ts'
import { OWN_FIELD } from '../models/foreign-documents.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { findAdoption, isAdoptionNameTaken } from './adoption-record.ts'
import {
  COLLECTION_NAMES,
  type CollectionName,
  NOTEBOOK_FIELD,
  type NotebookCollections,
  type RenamedCollections,
  isAdoptable,
  keptName,
  renamedCollections,
} from './collections.ts'

/** A notebook that is to be adopted, or whose adoption has started. */
interface FoundNotebook {
  readonly notebook: NotebookCollections
  readonly renamed: RenamedCollections
  /** The record of the adoption, if it has started. */
  readonly adoption?: BatchRecord | undefined
}

/**
 * Finds the notebook in a database, under whichever names its collections have. Undefined if the database
 * has none. Only reads.
 * @throws InputError if there are also documents of Daybook, if a collection is a view, or if a name that
 * the adoption needs is taken
 */
export async function findNotebook(database: mongo.Db): Promise<FoundNotebook | undefined> {
  const collections = await storedCollections(database)
  const adoption = await findAdoption(database)
  if (!adoption) requireFreeNames(collections)
  const renamed = renamedCollections(collections)
  if (renamed === 'none' && !(await isNotebook(database))) return undefined
  if (!adoption && (await isAdoptionNameTaken(database))) {
    throw new InputError(
      'the collection batches has a document "notebook" that no adoption made. Nothing was changed. Give that document another _id, or remove it',
    )
  }
  for (const name of COLLECTION_NAMES) {
    const { type = 'collection' } = collections.get(name) ?? {}
    if (type === 'collection' || collections.has(keptName(name))) continue
    throw new InputError(
      `${name} is a ${type}, which cannot be renamed. Nothing was changed. Copy its documents into a collection named ${name}`,
    )
  }
  const currentName = (name: CollectionName) =>
    collections.has(keptName(name)) ? keptName(name) : name
  return {
    notebook: {
      accounts: database.collection(currentName('accounts')),
      transfers: database.collection(currentName('transfers')),
    },
    renamed,
    adoption,
  }
}

/** The first collection that has a name under which a notebook's collections are kept. */
export const findKeptName = (collections: { has(name: string): boolean }): string | undefined =>
  COLLECTION_NAMES.map(keptName).find((name) => collections.has(name))

function requireFreeNames(collections: { has(name: string): boolean }): void {
  const taken = findKeptName(collections)
  if (taken === undefined) return
  throw new InputError(
    `the database has a collection ${taken} that no adoption made. The adoption needs that name. Nothing was changed. Rename the collection`,
  )
}

/**
 * Whether `accounts` or `transfers` has documents of a notebook.
 * @throws InputError if there are documents of Daybook too
 */
async function isNotebook(database: mongo.Db): Promise<boolean> {
  const notebook = await notebookCollection(database)
  const daybook = await firstWithField(database, OWN_FIELD)
  if (notebook === undefined || daybook === undefined) return notebook !== undefined
  throw new InputError(
    `the database ${database.databaseName} has documents of the notebook (in ${notebook}) and of Daybook (in ${daybook}). Nothing was changed. Move one kind to another database`,
  )
}

/** Whether a database has documents of a notebook in `accounts` or `transfers` that can be adopted. */
export const holdsNotebook = async (connection: Connection): Promise<boolean> =>
  isAdoptable(connection) && (await notebookCollection(databaseOf(connection))) !== undefined

/** The first collection of a database that has documents of a notebook. */
export const notebookCollection = (database: mongo.Db): Promise<CollectionName | undefined> =>
  firstWithField(database, NOTEBOOK_FIELD)

async function firstWithField(
  database: mongo.Db,
  fields: Readonly<Record<CollectionName, string>>,
): Promise<CollectionName | undefined> {
  for (const name of COLLECTION_NAMES) {
    const filter = { [fields[name]]: { $exists: true } }
    if (await database.collection(name).findOne(filter, { projection: { _id: 1 } })) return name
  }
  return undefined
}
