import type { mongo } from 'mongoose'
import type { AccountRecord } from '../account.ts'
import type { TransferRecord } from '../evaluation.ts'
import type { MigrationParameters } from '../migration/migration.ts'
import { toDecimal } from '../money.ts'
import { awaitAbandonedTransactions } from '../replay/abandoned.ts'
import { databaseOf, isDuplicatesOnly } from '../transaction.ts'
import {
  ADOPTION,
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
  movedAccount,
  notebookAccount,
  notebookTransfer,
  readAccount,
} from './documents.ts'

/**
 * Brings the old shape of an adopted notebook back. Documents that Daybook did not move are the very ones
 * that were set aside. What came since is added in the same shape, with what that has no words for in
 * a field `daybook`, so that nothing is lost and {@link adoptNotebook} would find it again. Does nothing where no notebook was
 * adopted. Killed at any moment and called again it ends in the same state. Nothing else may write meanwhile.
 */
export async function restoreNotebook({
  connection,
  tell,
  signal,
}: MigrationParameters<undefined>): Promise<void> {
  const database = databaseOf(connection)
  const adoption = await findAdoption(database)
  if (!adoption) {
    const lookalike = await findLookalike(database)
    if (lookalike !== undefined) tell(`${lookalike} is left alone: no adoption has made it`)
    return
  }
  await awaitAbandonedTransactions(connection)
  // Of an adoption that was broken off there is nothing to bring along: the notebook is as it was.
  if ((await findStage(database)) === 'both' && adoption.status === 'finished') {
    const notebook = keptNotebook(database)
    const ledger = ledgerOf(database)
    const documentIds = await idsOf(notebook)
    await moveAccounts(notebook, ledger.accounts, signal)
    const accounts = await addAccounts(notebook, ledger.accounts, { documentIds, signal })
    const transfers = await addTransfers(notebook, ledger.transfers, { documentIds, signal })
    tell(`brought the notebook back, with ${accounts} accounts and ${transfers} transfers since`)
  }
  await takeBack(database)
}

interface Additions {
  /** The notebook's documents by their accounts' numbers. */
  readonly documentIds: Map<unknown, DocumentId>
  readonly signal: AbortSignal
}

async function idsOf({ accounts }: Notebook): Promise<Map<unknown, DocumentId>> {
  const ids = new Map<unknown, DocumentId>()
  const documents = accounts.find({}, { projection: { account_id: 1 } })
  for await (const { _id, account_id: number } of documents) ids.set(number, _id)
  return ids
}

/** Brings the notebook's accounts to where Daybook's stand. */
async function moveAccounts(
  { accounts }: Notebook,
  collection: mongo.Collection<AccountRecord>,
  signal: AbortSignal,
): Promise<void> {
  for await (const documents of inBatches(accounts.find({}), signal)) {
    const numbers = documents.map(({ account_id: number }) => number as string)
    const found = await collection.find({ _id: { $in: numbers } }).toArray()
    const present = new Map(found.map((account) => [account._id, account]))
    const updates = documents.flatMap((document) => {
      const account = present.get(document.account_id as string)
      if (!account || !hasMoved(document, account)) return []
      const update = { $set: { ...movedAccount(account), account_holder: account.holder } }
      return [{ updateOne: { filter: { _id: document._id }, update } }]
    })
    if (updates.length > 0) await accounts.bulkWrite(updates, UNCHECKED)
  }
}

/** Whether an account is another than adopting its document makes it. */
function hasMoved(document: NotebookAccount, account: AccountRecord): boolean {
  const adopted = readAccount(document, account.currency)
  if ('problem' in adopted) return false
  return !(
    adopted.balance.eq(toDecimal(account.balance)) &&
    adopted.overdraftLimit.eq(toDecimal(account.overdraftLimit)) &&
    adopted.status === account.status &&
    adopted.holder === account.holder
  )
}

/** Adds the accounts that the notebook does not have, and tells how many there are. */
async function addAccounts(
  { accounts }: Notebook,
  collection: mongo.Collection<AccountRecord>,
  { documentIds, signal }: Additions,
): Promise<number> {
  let count = 0
  for await (const batch of inBatches(collection.find(ours('accounts')), signal)) {
    const added = batch.filter(({ _id }) => !documentIds.has(_id))
    for (const { _id } of added) documentIds.set(_id, _id)
    await insertMissing(accounts, added.map(notebookAccount))
    count += added.length
  }
  return count
}

/** Adds the transfers that the notebook does not have, also to its accounts' lists; tells how many there are. */
async function addTransfers(
  { accounts, transfers }: Notebook,
  collection: mongo.Collection<TransferRecord>,
  { documentIds, signal }: Additions,
): Promise<number> {
  let count = 0
  const since = collection.find(
    { ...ours('transfers'), batch: { $ne: ADOPTION } },
    { sort: { $natural: 1 } },
  )
  for await (const batch of inBatches(since, signal)) {
    await insertMissing(transfers, batch.map(notebookTransfer))
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

/** An earlier run that was killed has inserted some. */
async function insertMissing<Document extends { _id: DocumentId }>(
  collection: mongo.Collection<Document>,
  documents: readonly Document[],
): Promise<void> {
  if (documents.length === 0) return
  await collection
    .insertMany(documents as mongo.OptionalUnlessRequiredId<Document>[], {
      ordered: false,
      ...UNCHECKED,
    })
    .catch((error: unknown) => {
      if (!isDuplicatesOnly(error)) throw error
    })
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
