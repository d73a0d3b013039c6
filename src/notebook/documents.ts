import mongoose, { type mongo } from 'mongoose'
import type { AccountRecord, AccountStatus } from '../account.ts'
import { LedgerError, quote } from '../errors.ts'
import type { TransferRecord } from '../evaluation.ts'
import { Decimal, decimalsProblem, readDecimal, toDecimal, toDecimal128 } from '../money.ts'
import { readOpening } from '../opening.ts'
import type { IdentifiedRequest } from '../request.ts'

/** An account as the notebook writes it. Nobody checked it, so every part may be of any type, or missing. */
export interface NotebookAccount {
  _id: DocumentId
  account_id?: unknown
  account_holder?: unknown
  balance?: unknown
  transfers_complete?: unknown
  /** What the notebook has no words for: of an account that came back from Daybook. */
  daybook?: AccountAfterwards
}

/** A transfer as the notebook writes it; see {@link NotebookAccount}. */
export interface NotebookTransfer {
  _id: DocumentId
  transfer_id?: unknown
  from_account?: unknown
  to_account?: unknown
  amount?: unknown
  daybook?: TransferAfterwards
}

/** MongoDB's own, unless the notebook's data came from elsewhere, or from Daybook. */
export type DocumentId = mongo.ObjectId | string

/** What an account had in Daybook. */
type AccountAfterwards = Pick<
  AccountRecord,
  'currency' | 'status' | 'overdraftLimit' | 'createdAt' | 'updatedAt'
>

/** What a transfer had in Daybook. */
type TransferAfterwards = Pick<
  TransferRecord,
  'postedAt' | 'reverses' | 'reference' | 'metadata' | 'batch'
>

/** A notebook's account as Daybook takes it over, but for what its transfers say of it. */
export interface AdoptableAccount {
  readonly accountId: string
  readonly holder: string
  readonly currency: string
  readonly balance: Decimal
  readonly overdraftLimit: Decimal
  readonly status: AccountStatus
  readonly createdAt: Date
}

type Problem = { readonly problem: string }

/** Reads an account, or says why it cannot be adopted. One without a holder is named by its number. */
export function readAccount(
  { _id, account_id, account_holder, balance: stored, daybook }: NotebookAccount,
  assumedCurrency: string,
): AdoptableAccount | Problem {
  const accountId = account_id as string
  const holder = (account_holder ?? account_id) as string
  const currency = daybook?.currency ?? assumedCurrency
  const opening = readOpening({ accountId, holder, currency }, new Date(0))
  if (opening instanceof LedgerError) return { problem: opening.message }
  const balance = readAmount(stored)
  if ('problem' in balance) return { problem: `balance ${quote(stored)} ${balance.problem}` }
  const problem = decimalsProblem(balance, currency)
  if (problem !== undefined) return { problem: `balance ${balance.toFixed()} ${problem}` }
  return {
    accountId,
    holder,
    currency,
    balance,
    // The notebook has no limits. One that holds for the account as it stands lets no debt grow.
    overdraftLimit: daybook ? toDecimal(daybook.overdraftLimit) : Decimal.max(0, balance.neg()),
    status: daybook?.status ?? 'open',
    createdAt: daybook?.createdAt ?? timeOf(_id),
  }
}

/** The transfer that a document asks for. Whether its parts are well formed is the posting's to say. */
export function requestOf(document: NotebookTransfer): IdentifiedRequest | Problem {
  const { _id, transfer_id, from_account, to_account, amount: stored, daybook } = document
  const amount = readAmount(stored)
  if ('problem' in amount) return { problem: `amount ${quote(stored)} ${amount.problem}` }
  return {
    transferId: transfer_id as string,
    from: from_account as string,
    to: to_account as string,
    amount,
    reference: daybook?.reference,
    metadata: daybook?.metadata,
    reverses: daybook?.reverses,
    postedBefore: { at: daybook?.postedAt ?? timeOf(_id), batch: daybook?.batch },
  }
}

/** The time in the id that MongoDB gave a document: to the second. The earliest there is where the id tells none. */
const timeOf = (id: DocumentId): Date =>
  id instanceof mongoose.Types.ObjectId ? id.getTimestamp() : new Date(0)

/**
 * The digits of a decimal that a double keeps: C's `DBL_DIG`. One whose shortest text has no more stands
 * for that text and no other.
 */
const DOUBLE_DIGITS = 15

/** Reads money of any type that the notebook's programs write, exactly. */
function readAmount(stored: unknown): Decimal | Problem {
  if (typeof stored === 'number' && !Number.isSafeInteger(stored)) {
    if (!Number.isFinite(stored)) return { problem: 'is not a finite number' }
    const value = new Decimal(stored)
    return value.precision() > DOUBLE_DIGITS
      ? { problem: 'is a double that is no exact amount' }
      : value
  }
  if (stored instanceof mongoose.mongo.Long) return readDecimal(stored.toBigInt())
  const literal = literalOf(stored)
  return literal === undefined ? readDecimal(stored) : readAmount(literal)
}

/** The notebook's literal sub-document `{ "$numberDecimal": 100 }`: what is in it. */
function literalOf(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null) return undefined
  const [[key, value] = [], ...others] = Object.entries(stored)
  return key === '$numberDecimal' && others.length === 0 && typeof value !== 'object'
    ? value
    : undefined
}

/** An account in the notebook's shape, with what that has no words for. */
export const notebookAccount = (account: AccountRecord): NotebookAccount => ({
  _id: account._id,
  account_id: account._id,
  account_holder: account.holder,
  ...movedAccount(account),
  transfers_complete: [],
})

/** What of a notebook's account changes with Daybook's. */
export function movedAccount(
  account: AccountRecord,
): Required<Pick<NotebookAccount, 'balance' | 'daybook'>> {
  const { balance, currency, status, overdraftLimit, createdAt, updatedAt } = account
  return { balance, daybook: { currency, status, overdraftLimit, createdAt, updatedAt } }
}

/** A transfer in the notebook's shape, with what that has no words for. */
export function notebookTransfer(transfer: TransferRecord): NotebookTransfer {
  const { _id, fromAccount, toAccount, amount, postedAt } = transfer
  const { reverses, reference, metadata, batch } = transfer
  return {
    _id,
    transfer_id: _id,
    to_account: toAccount,
    from_account: fromAccount,
    amount,
    daybook: {
      postedAt,
      ...(reverses !== undefined && { reverses }),
      ...(reference !== undefined && { reference }),
      ...(metadata !== undefined && { metadata }),
      ...(batch !== undefined && { batch }),
    },
  }
}

/** The account's record before its first transfer. */
export function openedRecord(
  { accountId, holder, currency, overdraftLimit, status, createdAt }: AdoptableAccount,
  { opening, createdBy }: { opening: Decimal; createdBy: Date | undefined },
): AccountRecord {
  const openedAt = createdBy && createdBy < createdAt ? createdBy : createdAt
  return {
    _id: accountId,
    holder,
    currency,
    status,
    balance: toDecimal128(opening, currency),
    openingBalance: toDecimal128(opening, currency),
    overdraftLimit: toDecimal128(overdraftLimit, currency),
    transferCount: 0,
    transfersComplete: [],
    createdAt: openedAt,
    updatedAt: openedAt,
  }
}
