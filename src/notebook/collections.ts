import type { Connection, mongo } from 'mongoose'
import { COLLECTION_OF, DEFAULT_LEDGER, collectionsOf } from '../definition.ts'
import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { storedCollections } from '../models/expected-collections.ts'
import { OWN_FIELD } from '../models/foreign-documents.ts'
import { forgetAdoption } from './adoption-record.ts'
import type { NotebookAccount, NotebookTransfer } from './documents.ts'

/** The names of a notebook's collections. Daybook has collections of the same names. */
export const COLLECTION_NAMES = ['accounts', 'transfers'] as const
export type CollectionName = (typeof COLLECTION_NAMES)[number]

/**
 * Whether a ledger's collections have their default names. Only into these is a notebook adopted: with other names,
 * `accounts` and `transfers` belong to another program, whatever they look like.
 */
export function isAdoptable(connection: Connection): boolean {
  const names = collectionsOf(connection)
  return Object.values(COLLECTION_OF).every((key) => names[key] === key)
}

/** The name under which a notebook's collection is kept unchanged after the adoption. */
export const keptName = (name: CollectionName) => `notebook_${name}` as const

/** A notebook's collections, under their original names or those that they are kept under. */
export interface NotebookCollections {
  readonly accounts: mongo.Collection<NotebookAccount>
  readonly transfers: mongo.Collection<NotebookTransfer>
}

/** A notebook's collections under the names that they are kept under. */
export const keptCollections = (database: mongo.Db): NotebookCollections => ({
  accounts: database.collection(keptName('accounts')),
  transfers: database.collection(keptName('transfers')),
})

export const ledgerAccounts = (database: mongo.Db): mongo.Collection<AccountRecord> =>
  database.collection(DEFAULT_LEDGER.collections.accounts)

/** A field that every document of the notebook has, and no document of Daybook. */
export const NOTEBOOK_FIELD = { accounts: 'account_id', transfers: 'transfer_id' } as const

export const daybookDocuments = (name: CollectionName) => ({
  [OWN_FIELD[name]]: { $exists: true },
})

/** Selects documents in Daybook's collection that the notebook's program wrote there. */
const foreignDocuments = (name: CollectionName) => ({ [OWN_FIELD[name]]: { $exists: false } })

/** Which of a notebook's collections are renamed. `accounts` is renamed first and gets its name back last. */
export type RenamedCollections = 'none' | 'accounts' | 'both'

/**
 * Which collections of a notebook are renamed, by the names of all collections. Only the record of the
 * adoption says whether the collections of these names are the notebook's.
 * @throws InputError if only `notebook_transfers` exists
 */
export function renamedCollections(collections: {
  has(name: string): boolean
}): RenamedCollections {
  const [accounts, transfers] = COLLECTION_NAMES.map((name) => collections.has(keptName(name)))
  if (accounts) return transfers ? 'both' : 'accounts'
  if (!transfers) return 'none'
  throw new InputError(
    'the database has notebook_transfers, but not notebook_accounts, which belongs to it. Nothing was changed. Restore notebook_accounts, then run the same command again',
  )
}

/**
 * Renames the notebook's collections to the names that they are kept under, so that Daybook can use
 * `accounts` and `transfers`. Continues if an earlier run was killed here. From the moment that both are
 * renamed, Daybook's accounts and transfers are the ones that count.
 */
export async function setNotebookAside(database: mongo.Db): Promise<NotebookCollections> {
  const collections = await storedCollections(database)
  if (renamedCollections(collections) === 'accounts') {
    // If a run that brought the notebook back was killed, it had not dropped Daybook's accounts yet.
    await keepForeignDocuments(database, 'accounts')
    await database.dropCollection('accounts')
  }
  for (const name of COLLECTION_NAMES) {
    if (collections.has(keptName(name))) continue
    if (collections.has(name)) await database.renameCollection(name, keptName(name))
    else await database.createCollection(keptName(name))
  }
  return keptCollections(database)
}

/**
 * Gives the notebook's collections their original names back, which drops Daybook's accounts and transfers,
 * and forgets the adoption. Continues if an earlier run was killed here. The transfers come first. From the
 * moment that they are back, the notebook is the one that counts.
 */
export async function bringNotebookBack(database: mongo.Db): Promise<void> {
  const collections = await storedCollections(database)
  for (const name of COLLECTION_NAMES.toReversed()) {
    if (!collections.has(keptName(name))) continue
    await keepForeignDocuments(database, name)
    await database.renameCollection(keptName(name), name, { dropTarget: true })
  }
  await forgetAdoption(database)
}

export const hasForeignDocuments = async (database: mongo.Db): Promise<boolean> =>
  (await hasForeignDocument(database, 'accounts')) ||
  (await hasForeignDocument(database, 'transfers'))

const hasForeignDocument = async (database: mongo.Db, name: CollectionName): Promise<boolean> =>
  (await database.collection(name).findOne(foreignDocuments(name), { projection: { _id: 1 } })) !==
  null

/**
 * Copies what the notebook's program wrote into one of Daybook's collections to the notebook's own. A
 * document whose `_id` exists there is not copied: the notebook would have refused it too.
 */
async function keepForeignDocuments(database: mongo.Db, name: CollectionName): Promise<void> {
  if (!(await hasForeignDocument(database, name))) return
  const into = { into: keptName(name), on: '_id', whenMatched: 'keepExisting' as const }
  await database
    .collection(name)
    .aggregate([{ $match: foreignDocuments(name) }, { $merge: into }], {
      bypassDocumentValidation: true,
    })
    .toArray()
}

/** A validator that no document passes. */
const REFUSE_ALL = { $expr: false }

/**
 * Makes the server refuse every write to Daybook's accounts and transfers, whichever program it comes from.
 * Waits for transactions that have used them. `createWithValidators` allows writes again.
 */
export async function blockWrites(database: mongo.Db): Promise<void> {
  for (const collMod of COLLECTION_NAMES) {
    await database.command({ collMod, validator: REFUSE_ALL })
  }
}
