import { type Hash, createHash } from 'node:crypto'
import mongoose, { type mongo } from 'mongoose'
import { TransferRefusedError } from '../errors.ts'
import { evaluate, type LedgerAccount } from '../ledger/evaluation.ts'
import type { TransferRecord } from '../ledger/records.ts'
import { type WellFormedRequest, readRequest } from '../ledger/request.ts'
import { quote } from '../messages.ts'
import { Decimal, LIMIT, isOutOfRange, toDecimal } from '../money/money.ts'
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
  /** The least and the most that it has on the way. */
  readonly extent: { least: Decimal; most: Decimal }
  firstTransferAt?: Date
}

/** What of a notebook can be adopted. */
export interface Survey {
  readonly accounts: ReadonlyMap<string, SurveyedAccount>
  /** How many documents of transfers there are. */
  readonly transfers: number
  /** SHA-256 of all documents in their order, in hex. */
  readonly digest: string
  /** `never` counts those among which sums leave the range of balances: which to leave behind is not ours to say. */
  readonly unadoptable: {
    readonly accounts: number
    readonly transfers: number
    readonly never: number
  }
  /** The positions of the transfers that say that they are reversals, and are none. */
  readonly falseReversals: ReadonlySet<number>
}

interface SurveyOptions {
  /** Of the notebook's accounts, which name none. */
  readonly currency: string
  /** Is told of each document that cannot be adopted. */
  readonly log: (message: string) => void
  readonly signal: AbortSignal
}

/**
 * Reads a notebook through and tells what of it cannot be adopted, document by document. Writes nothing;
 * memory grows with the number of accounts, not of transfers.
 */
export async function surveyNotebook(
  notebook: Notebook,
  { currency, log, signal }: SurveyOptions,
): Promise<Survey> {
  const hash = createHash('sha256')
  const documents = documentsOf(notebook.accounts, { hash, signal })
  const { accounts, unadoptable, refusedNumbers } = await surveyAccounts(documents, {
    currency,
    log,
  })
  const ledger = new Map([...accounts].map(([accountId, { ledger: each }]) => [accountId, each]))
  const transfers = new Map<string, TransferRecord>()
  const remembered = await rememberedIds(notebook.transfers)
  const falseReversals = new Set<number>()
  let [count, refused, never] = [0, 0, 0]
  for await (const document of documentsOf(notebook.transfers, { hash, signal })) {
    count += 1
    const judged = judge(document)
    if (judged === undefined) continue
    refused += 1
    log(`transfers ${idOf(document)} (transfer_id ${quote(document.transfer_id)}): ${judged}`)
  }
  return {
    accounts,
    transfers: count,
    digest: hash.digest('hex'),
    unadoptable: {
      accounts: unadoptable,
      transfers: refused,
      never: never + reportOutOfRange(accounts, log),
    },
    falseReversals,
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
    if (!isReversal(reading, transfers)) {
      falseReversals.add(count)
      return NO_REVERSAL
    }
    const result = evaluate(reading, { accounts: ledger, transfers }, { now: new Date(0) })
    if (result.status === 'refused') {
      if (result.code === 'BALANCE_OUT_OF_RANGE') never += 1
      return result.message
    }
    if (result.status === 'existing') return `transfer ${transferId} is there already`
    if (!remembered.has(transferId)) transfers.delete(transferId)
    for (const accountId of [from, to]) {
      const surveyed = accounts.get(accountId) as SurveyedAccount
      surveyed.firstTransferAt ??= result.transfer.postedAt
      const { extent, ledger: each } = surveyed
      if (each.balance.lt(extent.least)) extent.least = each.balance
      else if (each.balance.gt(extent.most)) extent.most = each.balance
    }
    return undefined
  }
}

/** What is wrong with a transfer that says that it is a reversal, and is none. */
export const NO_REVERSAL = 'its field daybook names a transfer that it does not reverse'

/** Whether a transfer takes the one back that it names, if it names one: that comes before it. */
function isReversal(
  { reverses, from, to, amount }: WellFormedRequest,
  transfers: ReadonlyMap<string, TransferRecord>,
): boolean {
  if (reverses === undefined) return true
  const original = transfers.get(reverses)
  return (
    original !== undefined &&
    original.reverses === undefined &&
    original.fromAccount === to &&
    original.toAccount === from &&
    toDecimal(original.amount).eq(amount)
  )
}

/** Tells of each account whose balance would not stay in range from its opening on, and how many there are. */
function reportOutOfRange(
  accounts: ReadonlyMap<string, SurveyedAccount>,
  log: SurveyOptions['log'],
): number {
  let count = 0
  for (const { account, documentId, ledger, extent } of accounts.values()) {
    const opening = openingOf({ account, ledger })
    const ends = [opening.plus(extent.least), opening.plus(extent.most)]
    const end = ends.find(isOutOfRange)
    if (end === undefined) continue
    count += 1
    log(
      `accounts ${idOf({ _id: documentId })} (account_id ${quote(account.accountId)}): its balance and its transfers make it begin at ${opening} and come to ${end}, which is not below ${LIMIT} in magnitude`,
    )
  }
  return count
}

/** What an account begins with so that its transfers lead to its balance. */
export const openingOf = ({
  account,
  ledger,
}: Pick<SurveyedAccount, 'account' | 'ledger'>): Decimal => account.balance.minus(ledger.balance)

/** Which of a notebook's accounts can be adopted: what can be said without its transfers. */
export async function surveyAccounts(
  documents: AsyncIterable<NotebookAccount>,
  { currency, log }: Pick<SurveyOptions, 'currency' | 'log'>,
) {
  const accounts = new Map<string, SurveyedAccount>()
  const refusedNumbers = new Set<unknown>()
  let unadoptable = 0
  const refuse = (documentId: DocumentId, number: unknown, problem: string) => {
    unadoptable += 1
    refusedNumbers.add(number)
    log(`accounts ${idOf({ _id: documentId })} (account_id ${quote(number)}): ${problem}`)
  }
  for await (const document of documents) {
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
      const extent = { least: ZERO, most: ZERO }
      const ledger = emptyLedger(account)
      accounts.set(account.accountId, { account, documentId, ledger, extent })
    }
  }
  return { accounts, unadoptable, refusedNumbers }
}

const ZERO = new Decimal(0)

const emptyLedger = ({ accountId, currency }: AdoptableAccount): LedgerAccount => ({
  _id: accountId,
  currency,
  status: 'open',
  lowestBalance: ZERO,
  balance: ZERO,
  transferCount: 0,
  updatedAt: new Date(0),
})

const IS_TEXT = { $eq: [{ $type: '$daybook.reverses' }, 'string'] }

/** The ids of transfers to which a later document may refer: that several have, and that are reversed. */
async function rememberedIds(
  collection: mongo.Collection<NotebookTransfer>,
): Promise<Set<unknown>> {
  const groups = collection.aggregate<{ _id: unknown; reverses: string | null }>(
    [
      {
        $group: {
          _id: '$transfer_id',
          count: { $sum: 1 },
          reverses: { $max: { $cond: [IS_TEXT, '$daybook.reverses', null] } },
        },
      },
      { $match: { $or: [{ count: { $gt: 1 } }, { reverses: { $ne: null } }] } },
    ],
    { allowDiskUse: true },
  )
  const ids = new Set<unknown>()
  for await (const { _id, reverses } of groups) ids.add(_id).add(reverses)
  return ids
}

/** The documents lie in the order in which they were inserted. */
const IN_ORDER = { sort: { $natural: 1 } } as const

/** A notebook's documents in the order of their insertion, as bytes. */
async function* bytesOf<Document extends object>(
  collection: mongo.Collection<Document>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const documents = collection.find({}, { ...IN_ORDER, raw: true, batchSize: 5_000 })
  // What a driver gives where it is asked for bytes.
  for await (const bytes of documents as AsyncIterable<unknown> as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    yield bytes
  }
}

/** A notebook's documents in the order of their insertion; their bytes go into the hash. */
export async function* documentsOf<Document extends object>(
  collection: mongo.Collection<Document>,
  { hash, signal }: { hash?: Hash; signal: AbortSignal },
): AsyncGenerator<Document> {
  for await (const bytes of bytesOf(collection, signal)) {
    hash?.update(bytes)
    yield mongoose.mongo.BSON.deserialize(bytes) as Document
  }
}

/** The {@link Survey.digest} of a notebook, by reading it once more. */
export async function digestOf(notebook: Notebook, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of bytesOf(notebook.accounts, signal)) hash.update(bytes)
  for await (const bytes of bytesOf(notebook.transfers, signal)) hash.update(bytes)
  return hash.digest('hex')
}

/** The id of a document as text, in MongoDB's extended JSON. */
const idOf = ({ _id }: { _id: DocumentId }): string => mongoose.mongo.BSON.EJSON.stringify(_id)
