import { createHash } from 'node:crypto'
import mongoose, { type mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import type { MigrationParameters } from '../migration/migration.ts'
import type { BatchRecord } from '../models/batch.ts'
import { endAllAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { violatedUniqueIndex } from '../mongodb/server-errors.ts'
import {
  type Ledger,
  type Notebook,
  findAdoption,
  findLookalike,
  findStage,
  keptNotebook,
  ledgerOf,
  ours,
  takeBack,
} from './collections.ts'
import {
  type DocumentId,
  type NotebookAccount,
  accountText,
  hasMoved,
  movedAccount,
  notebookAccount,
  notebookTransfer,
  transferText,
} from './documents.ts'
import { type AdoptedAccounts, SINCE, requireRoom } from './room.ts'
import { surveyAccounts } from './survey.ts'

/**
 * Brings the old shape of an adopted notebook back. Documents that Daybook did not move are the very ones
 * that were set aside. What came since is added in the same shape, with what that has no words for in
 * a field `daybook`, so that nothing is lost and {@link adoptNotebook} would find it again. Does nothing where no notebook was
 * adopted. Killed at any moment and called again it ends in the same state. Nothing else may write meanwhile.
 * @throws InputError where the notebook has no room for what came since; it is not taken back then
 */
export async function restoreNotebook({
  connection,
  log,
  signal,
}: MigrationParameters<undefined>): Promise<void> {
  const database = primaryDatabaseOf(connection)
  const adoption = await findAdoption(database)
  if (!adoption) {
    const lookalike = await findLookalike(database)
    if (lookalike !== undefined) log(`${lookalike} is left alone: no adoption has made it`)
    return
  }
  await endAllAbandonedTransactions(connection)
  // Of an adoption that was broken off there is nothing to bring along: the notebook is as it was.
  if ((await findStage(database)) === 'both' && adoption.status === 'finished') {
    const notebook = keptNotebook(database)
    const ledger = ledgerOf(database)
    const adopted = await adoptedAccounts(notebook, adoption)
    await requireRoom({ notebook, ledger, adopted })
    const { documentIds, ...added } = await bringAccounts({ notebook, ledger, adopted, signal })
    const transfers = await bringTransfers({ notebook, ledger, documentIds, signal })
    log(`brought the notebook back, with ${added.count} accounts and ${transfers} transfers since`)
  }
  await takeBack(database)
}

/**
 * The notebook's accounts that were adopted, by their numbers, as their documents are now: what Daybook moves
 * of one does not make it less adoptable, and what was left behind is as it was.
 */
async function adoptedAccounts(
  { accounts }: Notebook,
  { reading }: BatchRecord,
): Promise<AdoptedAccounts> {
  const { currency } = JSON.parse(reading) as { currency: string }
  const documents = accounts.find({}, { projection: { transfers_complete: 0 } })
  return (await surveyAccounts(documents, { currency, log: () => undefined })).accounts
}

interface Bringing {
  readonly notebook: Notebook
  readonly ledger: Ledger
  readonly signal: AbortSignal
}

/**
 * Brings the notebook's accounts to where Daybook's stand, and adds those that were not adopted from it, as
 * documents of their own. Gives how many these are, and the documents of all by their numbers.
 */
async function bringAccounts({
  notebook: { accounts },
  ledger,
  adopted,
  signal,
}: Bringing & { adopted: AdoptedAccounts }) {
  const documentIds = new Map<string, DocumentId>()
  let count = 0
  for await (const batch of inBatches(ledger.accounts.find(ours('accounts')), signal)) {
    const added: NotebookAccount[] = []
    const updates: mongo.AnyBulkWriteOperation<NotebookAccount>[] = []
    for (const account of batch) {
      const document = adopted.get(account._id)
      if (!document) {
        added.push(notebookAccount(account))
        continue
      }
      const { documentId } = document
      documentIds.set(account._id, documentId)
      if (!hasMoved(document.account, account)) continue
      const update = { $set: { ...movedAccount(account), account_holder: account.holder } }
      updates.push({ updateOne: { filter: { _id: documentId }, update } })
    }
    if (updates.length > 0) await accounts.bulkWrite(updates, UNCHECKED)
    const stored = await insertMissing(accounts, added, accountText)
    for (const { account_id: number, _id } of stored) documentIds.set(number as string, _id)
    count += added.length
  }
  return { documentIds, count }
}

/** Adds the transfers that the notebook does not have, also to its accounts' lists; tells how many there are. */
async function bringTransfers({
  notebook: { accounts, transfers },
  ledger,
  documentIds,
  signal,
}: Bringing & { documentIds: ReadonlyMap<string, DocumentId> }): Promise<number> {
  let count = 0
  const since = ledger.transfers.find(SINCE, { sort: { $natural: 1 } })
  for await (const batch of inBatches(since, signal)) {
    await insertMissing(transfers, batch.map(notebookTransfer), transferText)
    const completed = new Map<DocumentId, string[]>()
    for (const { _id, fromAccount, toAccount } of batch) {
      for (const number of [fromAccount, toAccount]) {
        const documentId = documentIds.get(number) as DocumentId
        completed.set(documentId, [...(completed.get(documentId) ?? []), _id])
      }
    }
    const updates = [...completed].map(([documentId, ids]) => ({
      updateOne: { filter: { _id: documentId }, update: appending(ids) },
    }))
    await accounts.bulkWrite(updates, UNCHECKED)
    count += batch.length
  }
  return count
}

/** Adds ids to the end of an account's list, those that it has not. */
function appending(ids: readonly string[]): object[] {
  const list = { $cond: [{ $isArray: '$transfers_complete' }, '$transfers_complete', []] }
  const missing = {
    $filter: { input: { $literal: ids }, cond: { $not: { $in: ['$$this', list] } } },
  }
  return [{ $set: { transfers_complete: { $concatArrays: [list, missing] } } }]
}

/**
 * Adds documents that come from Daybook, in their order, but for those of the same text that are there: an
 * earlier run that was killed has inserted some. Gives all of them as they are stored.
 * @throws InputError where the notebook has a unique index that they do not fit
 */
async function insertMissing<Document extends { _id: DocumentId }>(
  collection: mongo.Collection<Document>,
  documents: readonly Document[],
  textOf: (document: Document) => string,
): Promise<Document[]> {
  const stored: Document[] = []
  const missing = new Set<Document>()
  let unplaced = [...documents.keys()]
  for (let turn = 0; unplaced.length > 0; turn++) {
    const ids = unplaced.map((index) => {
      const document = documents[index] as Document
      const _id = idMadeOf(document._id, turn)
      stored[index] = { ...document, _id }
      return _id
    })
    const found = await collection.find({ _id: { $in: ids } } as object).toArray()
    const texts = new Map(found.map((each) => [String(each._id), textOf(each as Document)]))
    // One of another text was left behind when it last came back from there.
    unplaced = unplaced.filter((index) => {
      const document = stored[index] as Document
      const text = texts.get(String(document._id))
      if (text === undefined) missing.add(document)
      return text !== undefined && text !== textOf(document)
    })
  }
  const inserted = stored.filter((document) => missing.has(document))
  if (inserted.length > 0) await insert(collection, inserted)
  return stored
}

/** The id of a document that comes from Daybook: made of its key there, so that a later run finds it. It tells no time. */
function idMadeOf(key: DocumentId, turn: number): mongo.ObjectId {
  const digest = createHash('sha256')
    .update(`${turn} ${String(key)}`)
    .digest()
  return new mongoose.Types.ObjectId(Buffer.concat([Buffer.alloc(4), digest.subarray(0, 8)]))
}

async function insert<Document extends { _id: DocumentId }>(
  collection: mongo.Collection<Document>,
  documents: readonly Document[],
): Promise<void> {
  try {
    await collection.insertMany(documents as mongo.OptionalUnlessRequiredId<Document>[], UNCHECKED)
  } catch (error) {
    const index = violatedUniqueIndex(error)
    if (index === undefined) throw error
    throw new InputError(
      `documents that come from Daybook do not fit the unique index ${index} of ${collection.collectionName}: nothing is taken back yet; drop that index, and run the same command again`,
      { cause: error },
    )
  }
}

/** A validator may have come with the collections when they were set aside. */
const UNCHECKED = { bypassDocumentValidation: true } as const

const AT_ONCE = 1_000

async function* inBatches<Document>(
  documents: AsyncIterable<Document>,
  signal: AbortSignal,
): AsyncGenerator<Document[]> {
  let batch: Document[] = []
  for await (const document of documents) {
    batch.push(document)
    if (batch.length < AT_ONCE) continue
    signal.throwIfAborted()
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
