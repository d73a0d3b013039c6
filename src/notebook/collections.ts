import type { Connection, mongo } from 'mongoose'
import type { AccountRecord } from '../account.ts'
import type { BatchRecord, RefusalRecord } from '../batch.ts'
import { InputError } from '../errors.ts'
import type { TransferRecord } from '../evaluation.ts'
import { databaseOf } from '../transaction.ts'
import type { NotebookAccount, NotebookTransfer } from './documents.ts'

/** The collections of a notebook, where they are at the moment. */
export interface Notebook {
  readonly accounts: mongo.Collection<NotebookAccount>
  readonly transfers: mongo.Collection<NotebookTransfer>
}

const NAMES = ['accounts', 'transfers'] as const

/** Where a notebook's collection is kept as it was, once it is adopted. */
const keptName = (name: (typeof NAMES)[number]) => `notebook_${name}`

/**
 * The notebook in a database, whether it was set aside or not; undefined where there is none.
 * @throws InputError where a collection has both the notebook's documents and Daybook's
 */
export async function findNotebook(database: mongo.Db): Promise<Notebook | undefined> {
  const names = await collectionNames(database)
  let isThere = false
  for (const name of NAMES) {
    if (names.has(keptName(name))) isThere = true
    else if (await holds(database, name, NOTEBOOKS_KEY[name])) {
      isThere = true
      if (!(await holds(database, name, DAYBOOKS_KEY[name]))) continue
      throw new InputError(
        `the collection ${name} of the database ${database.databaseName} has documents of the notebook and of Daybook: nothing was changed; move one kind to a database of its own`,
      )
    }
  }
  if (!isThere) return undefined
  return names.has(keptName('accounts')) && names.has(keptName('transfers'))
    ? keptNotebook(database)
    : {
        accounts: database.collection(whereIs('accounts', names)),
        transfers: database.collection(whereIs('transfers', names)),
      }
}

/** The notebook that was set aside. */
export const keptNotebook = (database: mongo.Db): Notebook => ({
  accounts: database.collection(keptName('accounts')),
  transfers: database.collection(keptName('transfers')),
})

/** Whether a database has a notebook's documents where Daybook's should be. */
export async function holdsNotebook(connection: Connection): Promise<boolean> {
  const database = databaseOf(connection)
  for (const name of NAMES) if (await holds(database, name, NOTEBOOKS_KEY[name])) return true
  return false
}

/**
 * Sets the notebook's collections aside, so that Daybook's can have their names: its accounts first. From
 * when both are set aside Daybook's are the book. Goes on where it was killed.
 */
export async function setAside(database: mongo.Db): Promise<Notebook> {
  const names = await collectionNames(database)
  if (names.has(keptName('accounts')) && !names.has(keptName('transfers'))) {
    // A taking back was killed half-way: what it left of Daybook's is in the notebook already.
    await forgetBatch(database)
    await database.dropCollection('accounts')
  }
  for (const name of NAMES) {
    if (names.has(keptName(name))) continue
    if (names.has(name)) await database.renameCollection(name, keptName(name))
    else await database.createCollection(keptName(name))
  }
  return keptNotebook(database)
}

/**
 * Takes the notebook's collections back, in place of Daybook's: its transfers first. From then on the
 * notebook is the book. Goes on where it was killed.
 */
export async function takeBack(database: mongo.Db): Promise<void> {
  const names = await collectionNames(database)
  if (names.has(keptName('transfers'))) await restore('transfers')
  await forgetBatch(database)
  await restore('accounts')

  async function restore(name: (typeof NAMES)[number]): Promise<void> {
    await database.renameCollection(keptName(name), name, { dropTarget: true })
  }
}

/** Whether a notebook is set aside: both its collections, or only its accounts, or nothing. */
export async function setAsideOf(database: mongo.Db): Promise<'both' | 'accounts' | 'nothing'> {
  const names = await collectionNames(database)
  if (!names.has(keptName('accounts'))) return 'nothing'
  return names.has(keptName('transfers')) ? 'both' : 'accounts'
}

/** The name of the batch by which a notebook's transfers are posted. */
export const ADOPTION = 'notebook'

export const batchesOf = (database: mongo.Db) => database.collection<BatchRecord>('batches')

async function forgetBatch(database: mongo.Db): Promise<void> {
  await database.collection<RefusalRecord>('refusals').deleteMany({ '_id.batch': ADOPTION })
  await batchesOf(database).deleteOne({ _id: ADOPTION })
}

/** Daybook's collections of the same names. */
export const ledgerOf = (database: mongo.Db) => ({
  accounts: database.collection<AccountRecord>('accounts'),
  transfers: database.collection<TransferRecord>('transfers'),
})

/** A field that each document of the notebook has, and none of Daybook's. */
const NOTEBOOKS_KEY = { accounts: 'account_id', transfers: 'transfer_id' } as const

/** The other way round. */
const DAYBOOKS_KEY = { accounts: 'openingBalance', transfers: 'fromSequence' } as const

const holds = async (database: mongo.Db, name: string, key: string): Promise<boolean> =>
  (await database
    .collection(name)
    .findOne({ [key]: { $exists: true } }, { projection: { _id: 1 } })) !== null

const whereIs = (name: (typeof NAMES)[number], names: ReadonlySet<string>): string =>
  names.has(keptName(name)) ? keptName(name) : name

const collectionNames = async (database: mongo.Db): Promise<Set<string>> =>
  new Set(
    (await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name),
  )
