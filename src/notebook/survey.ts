import { type Hash, createHash } from 'node:crypto'
import mongoose, { type mongo } from 'mongoose'
import { TransferRefusedError, quote } from '../errors.ts'
import { type LedgerAccount, type TransferRecord, evaluate } from '../evaluation.ts'
import { Decimal } from '../money.ts'
import { readRequest } from '../request.ts'
import type { Notebook } from './collections.ts'
import {
  type AdoptableAccount,
  type DocumentId,
  type NotebookAccount,
  type NotebookTransfer,
  readAccount,
  requestOf,
} from './documents.ts'

/** An account that can be adopted, and what its transfers say of it. */
interface SurveyedAccount {
  readonly account: AdoptableAccount
  readonly documentId: DocumentId
  /** As its transfers leave it, begun at zero. */
  readonly ledger: LedgerAccount
  firstTransferAt?: Date
}

/** What of a notebook can be adopted. */
export interface Survey {
  readonly accounts: ReadonlyMap<string, SurveyedAccount>
  /** How many documents of transfers there are. */
  readonly transfers: number
  /** SHA-256 of these documents in their order, in hex. */
  readonly digest: string
  readonly unadoptable: { readonly accounts: number; readonly transfers: number }
}

interface SurveyOptions {
  /** Of the notebook's accounts, which name none. */
  readonly currency: string
  /** Is told of each document that cannot be adopted. */
  readonly tell: (message: string) => void
  readonly signal: AbortSignal
}

/**
 * Reads a notebook through and tells what of it cannot be adopted, document by document. Writes nothing;
 * memory grows with the number of accounts, not of transfers.
 */
export async function surveyNotebook(
  notebook: Notebook,
  { currency, tell, signal }: SurveyOptions,
): Promise<Survey> {
  const { accounts, unadoptable, refusedNumbers } = await surveyAccounts(notebook.accounts, {
    currency,
    tell,
    signal,
  })
  const ledger = new Map([...accounts].map(([accountId, { ledger: each }]) => [accountId, each]))
  const transfers = new Map<string, TransferRecord>()
  const repeated = await repeatedIds(notebook.transfers)
  const hash = createHash('sha256')
  let [count, refused] = [0, 0]
  for await (const document of transfersOf(notebook.transfers, { hash, signal })) {
    count += 1
    const judged = judge(document)
    if (judged === undefined) continue
    refused += 1
    tell(`transfers ${idOf(document)} (transfer_id ${quote(document.transfer_id)}): ${judged}`)
  }
  return {
    accounts,
    transfers: count,
    digest: hash.digest('hex'),
    unadoptable: { accounts: unadoptable, transfers: refused },
  }

  /** Enters a transfer in its accounts, or says why it cannot be. */
  function judge(document: NotebookTransfer): string | undefined {
    const request = requestOf(document)
    if ('problem' in request) return request.problem
    const reading = readRequest(request)
    if (reading instanceof TransferRefusedError) return reading.message
    const { transferId, from, to } = reading
    const stranger = [from, to].find((accountId) => refusedNumbers.has(accountId))
    if (stranger !== undefined) return `account ${quote(stranger)} cannot be adopted`
    const result = evaluate(reading, { accounts: ledger, transfers }, { now: new Date(0) })
    if (result.status === 'refused') return result.message
    if (result.status === 'existing') return `transfer ${transferId} is there already`
    if (!repeated.has(transferId)) transfers.delete(transferId)
    for (const accountId of [from, to]) {
      const surveyed = accounts.get(accountId) as SurveyedAccount
      surveyed.firstTransferAt ??= result.transfer.postedAt
    }
    return undefined
  }
}

async function surveyAccounts(
  collection: mongo.Collection<NotebookAccount>,
  { currency, tell, signal }: SurveyOptions,
) {
  const accounts = new Map<string, SurveyedAccount>()
  const refusedNumbers = new Set<unknown>()
  let unadoptable = 0
  const refuse = (documentId: DocumentId, number: unknown, problem: string) => {
    unadoptable += 1
    refusedNumbers.add(number)
    tell(`accounts ${idOf({ _id: documentId })} (account_id ${quote(number)}): ${problem}`)
  }
  for await (const document of collection.find({}, IN_ORDER)) {
    signal.throwIfAborted()
    const { _id: documentId, account_id: number } = document
    const account = readAccount(document, currency)
    const namesake = accounts.get(number as string)
    if (namesake || (refusedNumbers.has(number) && !('problem' in account))) {
      const problem = 'another account has the same number'
      if (namesake) refuse(namesake.documentId, number, problem)
      refuse(documentId, number, problem)
      accounts.delete(number as string)
    } else if ('problem' in account) {
      refuse(documentId, number, account.problem)
    } else {
      accounts.set(account.accountId, { account, documentId, ledger: emptyLedger(account) })
    }
  }
  return { accounts, unadoptable, refusedNumbers }
}

const emptyLedger = ({ accountId, currency }: AdoptableAccount): LedgerAccount => ({
  _id: accountId,
  currency,
  status: 'open',
  lowestBalance: new Decimal(0),
  balance: new Decimal(0),
  transferCount: 0,
  updatedAt: new Date(0),
})

/** The ids that several transfers have. */
async function repeatedIds(collection: mongo.Collection<NotebookTransfer>): Promise<Set<unknown>> {
  const groups = collection.aggregate<{ _id: unknown }>(
    [
      { $group: { _id: '$transfer_id', count: { $sum: 1 } } },
      { $match: { count: { $gt: 1 } } },
      { $project: { _id: 1 } },
    ],
    { allowDiskUse: true },
  )
  const ids = new Set<unknown>()
  for await (const { _id } of groups) ids.add(_id)
  return ids
}

/** The documents lie in the order in which they were inserted. */
const IN_ORDER = { sort: { $natural: 1 } } as const

/** A notebook's transfers in the order of their insertion; their bytes go into the hash. */
export async function* transfersOf(
  collection: mongo.Collection<NotebookTransfer>,
  { hash, signal }: { hash?: Hash; signal: AbortSignal },
): AsyncGenerator<NotebookTransfer> {
  const documents = collection.find({}, { ...IN_ORDER, raw: true, batchSize: 5_000 })
  // What a driver gives where it is asked for bytes.
  for await (const bytes of documents as AsyncIterable<unknown> as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    hash?.update(bytes)
    yield mongoose.mongo.BSON.deserialize(bytes) as NotebookTransfer
  }
}

/** The id of a document as text, in MongoDB's extended JSON. */
const idOf = ({ _id }: { _id: DocumentId }): string => mongoose.mongo.BSON.EJSON.stringify(_id)
