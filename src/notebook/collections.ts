import type { Connection, mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import type { AccountRecord, TransferRecord } from '../ledger/records.ts'
import type { BatchRecord, RefusalRecord } from '../models/batch.ts'
import { databaseOf } from '../mongodb/connection.ts'
import type { NotebookAccount, NotebookTransfer } from './documents.ts'

/** The collections of a notebook, where they are at the moment. */
export interface Notebook {
  readonly accounts: mongo.Collection<NotebookAccount>
  readonly transfers: mongo.Collection<NotebookTransfer>
}

/**
 * What of a notebook is set aside: its accounts go first and come back last. That it is the notebook which
 * is, and not collections of somebody's own with such names, says the record of its adoption alone.
 */
export type Stage = 'nothing' | 'accounts' | 'both'

const NAMES = ['accounts', 'transfers'] as const
type Name = (typeof NAMES)[number]

/** Where a notebook's collection is kept as it was, once it is adopted. */
const keptName = (name: Name) => `notebook_${name}` as const

/** A notebook that is to be adopted, or whose adoption was begun: `adoption` is the record of that. */
interface FoundNotebook {
  readonly notebook: Notebook
  readonly stage: Stage
  readonly adoption?: BatchRecord | undefined
}

/**
 * The notebook in a database, wherever it is; undefined where there is none. Reads alone.
 * @throws InputError where what is there is not a notebook alone, or has a name that its adoption needs
 */
export async function findNotebook(database: mongo.Db): Promise<FoundNotebook | undefined> {
  const collections = await collectionsOf(database)
  const adoption = await findAdoption(database)
  if (!adoption) requireFreeNames(collections)
  const stage = stageOf(collections)
  if (stage === 'nothing' && !(await isNotebook(database))) return undefined
  if (!adoption && (await batchesOf(database).findOne({ _id: ADOPTION }))) {
    throw new InputError(
      `the collection batches has a document ${ADOPTION} that no adoption has made: nothing was changed; give it another _id, or remove it`,
    )
  }
  for (const name of NAMES) {
    const type = collections.get(name) ?? 'collection'
    if (type === 'collection' || collections.has(keptName(name))) continue
    throw new InputError(
      `${name} is a ${type}, which cannot be set aside: nothing was changed; copy its documents into a plain collection of that name`,
    )
  }
  const at = (name: Name) => (collections.has(keptName(name)) ? keptName(name) : name)
  const notebook = {
    accounts: database.collection<NotebookAccount>(at('accounts')),
    transfers: database.collection<NotebookTransfer>(at('transfers')),
  }
  return { notebook, stage, adoption }
}

/** A collection that has the name of one that is set aside. */
const lookalikeIn = (collections: ReadonlyMap<string, string>): string | undefined =>
  NAMES.map(keptName).find((name) => collections.has(name))

/** A collection that has the name of one that is set aside, where the record of an adoption is missing. */
export const findLookalike = async (database: mongo.Db): Promise<string | undefined> =>
  lookalikeIn(await collectionsOf(database))

function requireFreeNames(collections: ReadonlyMap<string, string>): void {
  const taken = lookalikeIn(collections)
  if (taken === undefined) return
  throw new InputError(
    `the database has a collection ${taken} that no adoption has made: nothing was changed; give it another name`,
  )
}

/**
 * Whether the documents in the places of Daybook's are a notebook's.
 * @throws InputError where there are Daybook's beside them
 */
async function isNotebook(database: mongo.Db): Promise<boolean> {
  const notebooks = await holdingOne(database, NOTEBOOKS_KEY)
  const daybooks = await holdingOne(database, DAYBOOKS_KEY)
  if (notebooks === undefined || daybooks === undefined) return notebooks !== undefined
  const places = [...new Set([notebooks, daybooks])].join(' and in ')
  throw new InputError(
    `the database ${database.databaseName} has documents of the notebook and of Daybook (in ${places}): nothing was changed; move one kind to a database of its own`,
  )
}

/** The notebook that was set aside. */
export const keptNotebook = (database: mongo.Db): Notebook => ({
  accounts: database.collection(keptName('accounts')),
  transfers: database.collection(keptName('transfers')),
})

/** Whether a database has a notebook's documents where Daybook's should be. */
export const holdsNotebook = async (connection: Connection): Promise<boolean> =>
  (await holdingOne(databaseOf(connection), NOTEBOOKS_KEY)) !== undefined

/** The name of the batch by which a notebook's transfers are posted. Its record is there before anything is set aside. */
export const ADOPTION = 'notebook'

/** The source of that batch: what is adopted is read from there. */
export const SOURCE = keptName('transfers')

const batchesOf = (database: mongo.Db) => database.collection<BatchRecord>('batches')

/** The record of an adoption; undefined where there is none, be it that another batch has its name. */
export async function findAdoption(database: mongo.Db): Promise<BatchRecord | undefined> {
  const record = await batchesOf(database).findOne({ _id: ADOPTION, source: SOURCE })
  return typeof record?.digest === 'string' && typeof record.reading === 'string'
    ? record
    : undefined
}

/** What is set aside in a database whose adoption was begun. */
export const findStage = async (database: mongo.Db): Promise<Stage> =>
  stageOf(await collectionsOf(database))

function stageOf(collections: ReadonlyMap<string, string>): Stage {
  const [accounts, transfers] = NAMES.map((name) => collections.has(keptName(name)))
  if (accounts) return transfers ? 'both' : 'accounts'
  if (!transfers) return 'nothing'
  throw new InputError(
    `${keptName('transfers')} is there without ${keptName('accounts')}, which was taken away: nothing was changed; put it back`,
  )
}

/** Records an adoption that is about to begin, in place of one that was taken back. */
export async function recordAdoption(database: mongo.Db, record: BatchRecord): Promise<void> {
  await forgetRefusals(database)
  await batchesOf(database).replaceOne({ _id: ADOPTION }, record, { upsert: true })
}

/**
 * Sets the notebook's collections aside, so that Daybook's can have their names: its accounts first. From
 * when both are set aside Daybook's are the book. Goes on where it was killed.
 */
export async function setAside(database: mongo.Db): Promise<Notebook> {
  const collections = await collectionsOf(database)
  if (stageOf(collections) === 'accounts') {
    // A taking back was killed half-way: what it left of Daybook's is in the notebook already.
    await rescueStrays(database, 'accounts')
    await database.dropCollection('accounts')
  }
  for (const name of NAMES) {
    if (collections.has(keptName(name))) continue
    if (collections.has(name)) await database.renameCollection(name, keptName(name))
    else await database.createCollection(keptName(name))
  }
  return keptNotebook(database)
}

/**
 * Takes the notebook's collections back, in place of Daybook's: its transfers first. From then on the
 * notebook is the book. Goes on where it was killed.
 */
export async function takeBack(database: mongo.Db): Promise<void> {
  const collections = await collectionsOf(database)
  for (const name of NAMES.toReversed()) {
    if (!collections.has(keptName(name))) continue
    await rescueStrays(database, name)
    await database.renameCollection(keptName(name), name, { dropTarget: true })
  }
  await forgetRefusals(database)
  await batchesOf(database).deleteOne({ _id: ADOPTION })
}

/** Whether there are documents other than Daybook's in the places of Daybook's. */
export const hasStrays = async (database: mongo.Db): Promise<boolean> =>
  (await hasStray(database, 'accounts')) || (await hasStray(database, 'transfers'))

const hasStray = async (database: mongo.Db, name: Name): Promise<boolean> =>
  (await database.collection(name).findOne(straysOf(name), { projection: { _id: 1 } })) !== null

/**
 * Gives the notebook what its program wrote in the place of one of its collections after that was set aside.
 * Where the notebook has a document of the same `_id`, it would not have taken it either.
 */
async function rescueStrays(database: mongo.Db, name: Name): Promise<void> {
  if (!(await hasStray(database, name))) return
  const into = { into: keptName(name), on: '_id', whenMatched: 'keepExisting' as const }
  await database
    .collection(name)
    .aggregate([{ $match: straysOf(name) }, { $merge: into }], { bypassDocumentValidation: true })
    .toArray()
}

/** Tells the documents of Daybook's. */
export const ours = (name: Name) => ({ [DAYBOOKS_KEY[name]]: { $exists: true } })

const straysOf = (name: Name) => ({ [DAYBOOKS_KEY[name]]: { $exists: false } })

async function forgetRefusals(database: mongo.Db): Promise<void> {
  await database.collection<RefusalRecord>('refusals').deleteMany({ '_id.batch': ADOPTION })
}

/** Daybook's collections of the same names. */
export type Ledger = ReturnType<typeof ledgerOf>

export const ledgerOf = (database: mongo.Db) => ({
  accounts: database.collection<AccountRecord>('accounts'),
  transfers: database.collection<TransferRecord>('transfers'),
})

/** A field that each document of the notebook has, and none of Daybook's. */
const NOTEBOOKS_KEY = { accounts: 'account_id', transfers: 'transfer_id' } as const

/** The other way round. */
const DAYBOOKS_KEY = { accounts: 'openingBalance', transfers: 'fromSequence' } as const

/** The first collection that has a document with its key. */
async function holdingOne(
  database: mongo.Db,
  keys: Readonly<Record<Name, string>>,
): Promise<Name | undefined> {
  for (const name of NAMES) {
    const filter = { [keys[name]]: { $exists: true } }
    if (await database.collection(name).findOne(filter, { projection: { _id: 1 } })) return name
  }
  return undefined
}

/** The names of all collections, and of which type each is. */
const collectionsOf = async (database: mongo.Db): Promise<Map<string, string>> =>
  new Map(
    (await database.listCollections({}, { nameOnly: true }).toArray()).map(
      ({ name, type = 'collection' }) => [name, type],
    ),
  )
