import { createHash } from 'node:crypto'
import type { mongo } from 'mongoose'
import { TransferRefusedError } from '../errors.ts'
import { evaluate } from '../ledger/evaluation.ts'
import type { LedgerAccount } from '../ledger/ledger-state.ts'
import type { TransferRecord } from '../ledger/records.ts'
import { readRequest } from '../ledger/request-reading.ts'
import { quote } from '../messages.ts'
import { Decimal, LIMIT, isOutOfRange } from '../money/money.ts'
import type { NotebookCollections } from './collections.ts'
import {
  type AdoptableAccount,
  type DocumentId,
  type NotebookAccount,
  type NotebookTransfer,
  readAccount,
  readTransfer,
} from './documents.ts'
import { documentIdText, documentsOf } from './stored-documents.ts'

/** An account that can be adopted, and what its transfers make of it. */
interface SurveyedAccount {
  readonly account: AdoptableAccount
  readonly documentId: DocumentId
  /** What its transfers make of an account that starts at zero. */
  readonly ledger: LedgerAccount
  /** The lowest balance on the way, if it starts at zero. */
  lowest: Decimal
  /** The highest balance on the way, if it starts at zero. */
  highest: Decimal
  /** No later than any of its transfers, which may have been inserted in another order than that of their times. */
  openedAt: Date
}

/** What can be adopted of a notebook. */
export interface Survey {
  /** By their ids. */
  readonly accounts: ReadonlyMap<string, SurveyedAccount>
  readonly transfers: number
  /** SHA-256 of all documents, as `digestOf` returns it. */
  readonly digest: string
  readonly unadoptable: {
    readonly accounts: number
    readonly transfers: number
    /** Accounts and transfers whose sums leave the range of balances. We cannot say which to leave behind. */
    readonly outOfRange: number
  }
}

interface SurveyOptions {
  /** The currency of all of the notebook's accounts, because the notebook does not store any. */
  readonly currency: string
  /** Called for each document that cannot be adopted. */
  readonly log: (message: string) => void
  readonly signal: AbortSignal
}

/**
 * Reads all of a notebook and logs what cannot be adopted, document by document. Writes nothing. Memory
 * grows with the number of accounts, not of transfers.
 */
export async function surveyNotebook(
  notebook: NotebookCollections,
  { currency, log, signal }: SurveyOptions,
): Promise<Survey> {
  const hash = createHash('sha256')
  const documents = documentsOf(notebook.accounts, { hash, signal })
  const { accounts, unadoptable, refusedIds } = await surveyAccounts(documents, { currency, log })
  const ledgerAccounts = new Map([...accounts].map(([id, { ledger }]) => [id, ledger]))
  const transfers = new Map<string, TransferRecord>()
  const repeatedIds = await repeatedTransferIds(notebook.transfers)
  let [count, refused, outOfRange] = [0, 0, 0]
  for await (const document of documentsOf(notebook.transfers, { hash, signal })) {
    count += 1
    const problem = enter(document)
    if (problem === undefined) continue
    refused += 1
    const { _id, transfer_id } = document
    log(`transfers ${documentIdText(_id)} (transfer_id ${quote(transfer_id)}): ${problem}`)
  }
  return {
    accounts,
    transfers: count,
    digest: hash.digest('hex'),
    unadoptable: {
      accounts: unadoptable,
      transfers: refused,
      outOfRange: outOfRange + logOutOfRange(accounts, log),
    },
  }

  /** Moves the balances of a transfer's accounts, or says why it cannot be adopted. */
  function enter(document: NotebookTransfer): string | undefined {
    const request = readTransfer(document)
    if ('problem' in request) return request.problem
    const reading = readRequest(request, undefined)
    if (reading instanceof TransferRefusedError) return reading.message
    const { transferId, from, to, postedElsewhereAt } = reading
    const refusedId = [from, to].find((accountId) => refusedIds.has(accountId))
    if (refusedId !== undefined) return `account ${quote(refusedId)} cannot be adopted`
    const books = { accounts: ledgerAccounts, transfers }
    const result = evaluate(reading, books, { now: new Date(0) })
    if (result.status === 'refused') {
      if (result.code === 'BALANCE_OUT_OF_RANGE') outOfRange += 1
      return result.message
    }
    if (result.status === 'existing') return `transfer ${quote(transferId)} exists already`
    // Memory holds a transfer only if another one has the same id.
    if (!repeatedIds.has(transferId)) transfers.delete(transferId)
    for (const accountId of [from, to]) {
      const surveyed = accounts.get(accountId) as SurveyedAccount
      if (postedElsewhereAt && postedElsewhereAt < surveyed.openedAt) {
        surveyed.openedAt = postedElsewhereAt
      }
      const { balance } = surveyed.ledger
      if (balance.lt(surveyed.lowest)) surveyed.lowest = balance
      else if (balance.gt(surveyed.highest)) surveyed.highest = balance
    }
    return undefined
  }
}

/** Logs each account whose balance would leave the range on the way from its opening; returns how many. */
function logOutOfRange(
  accounts: ReadonlyMap<string, SurveyedAccount>,
  log: SurveyOptions['log'],
): number {
  let count = 0
  for (const surveyed of accounts.values()) {
    const { account, documentId, lowest, highest } = surveyed
    const opening = openingBalanceOf(surveyed)
    const balance = [opening.plus(lowest), opening.plus(highest)].find(isOutOfRange)
    if (balance === undefined) continue
    count += 1
    log(
      `accounts ${documentIdText(documentId)} (account_id ${quote(account.accountId)}): its balance and its transfers mean that it opens at ${opening} and reaches ${balance}, which is not below ${LIMIT} in magnitude`,
    )
  }
  return count
}

/** The opening balance from which an account's transfers lead to its balance. */
export const openingBalanceOf = ({
  account,
  ledger,
}: Pick<SurveyedAccount, 'account' | 'ledger'>): Decimal => account.balance.minus(ledger.balance)

/**
 * Which of a notebook's accounts can be adopted, as far as their own documents decide it. Logs each of the
 * others.
 */
export async function surveyAccounts(
  documents: AsyncIterable<NotebookAccount>,
  { currency, log }: Pick<SurveyOptions, 'currency' | 'log'>,
) {
  const accounts = new Map<string, SurveyedAccount>()
  const refusedIds = new Set<unknown>()
  let unadoptable = 0
  const refuse = (documentId: DocumentId, accountId: unknown, problem: string) => {
    unadoptable += 1
    refusedIds.add(accountId)
    log(`accounts ${documentIdText(documentId)} (account_id ${quote(accountId)}): ${problem}`)
  }
  for await (const document of documents) {
    const { _id: documentId, account_id: accountId } = document
    const account = readAccount(document, currency)
    const namesake = accounts.get(accountId as string)
    if (namesake || (refusedIds.has(accountId) && !('problem' in account))) {
      const problem = 'another account has the same account_id'
      if (namesake) refuse(namesake.documentId, accountId, problem)
      refuse(documentId, accountId, problem)
      accounts.delete(accountId as string)
    } else if ('problem' in account) {
      refuse(documentId, accountId, account.problem)
    } else {
      const ledger = emptyAccount(account)
      accounts.set(account.accountId, {
        account,
        documentId,
        ledger,
        lowest: ZERO,
        highest: ZERO,
        openedAt: account.createdAt,
      })
    }
  }
  return { accounts, unadoptable, refusedIds }
}

const ZERO = new Decimal(0)

const emptyAccount = ({ accountId, currency }: AdoptableAccount): LedgerAccount => ({
  held: undefined,
  _id: accountId,
  currency,
  status: 'open',
  lowestBalance: ZERO,
  balance: ZERO,
  transferCount: 0,
  updatedAt: new Date(0),
})

/** The ids that several transfers of a notebook have. */
async function repeatedTransferIds(
  transfers: mongo.Collection<NotebookTransfer>,
): Promise<Set<unknown>> {
  const groups = transfers.aggregate<{ _id: unknown }>(
    [
      { $group: { _id: '$transfer_id', count: { $sum: 1 } } },
      { $match: { count: { $gt: 1 } } },
      { $project: { count: 0 } },
    ],
    { allowDiskUse: true },
  )
  const ids = new Set<unknown>()
  for await (const { _id } of groups) ids.add(_id)
  return ids
}
