import mongoose, { type mongo } from 'mongoose'
import { LedgerError } from '../errors.ts'
import { readOpening } from '../ledger/opening.ts'
import type { AccountRecord, AccountStatus, TransferRecord } from '../ledger/records.ts'
import { type IdentifiedRequest, reversalId } from '../ledger/request.ts'
import { quote } from '../messages.ts'
import { isBatchName } from '../models/batch.ts'
import { isCurrency } from '../money/currency.ts'
import {
  Decimal,
  Decimal128,
  LIMIT,
  decimalsProblem,
  isOutOfRange,
  readDecimal,
  toDecimal,
  toDecimal128,
} from '../money/money.ts'

const { EJSON } = mongoose.mongo.BSON

/** An account as the notebook writes it. Nobody checked it, so every part may be of any type, or missing. */
export interface NotebookAccount {
  _id: DocumentId
  account_id?: unknown
  account_holder?: unknown
  balance?: unknown
  transfers_complete?: unknown
  /** What the notebook has no words for: {@link AccountAfterwards} of an account that came back from Daybook. */
  daybook?: unknown
}

/** A transfer as the notebook writes it; see {@link NotebookAccount}. */
export interface NotebookTransfer {
  _id: DocumentId
  transfer_id?: unknown
  from_account?: unknown
  to_account?: unknown
  amount?: unknown
  daybook?: unknown
}

/** MongoDB's own, unless the notebook's data came from elsewhere; a text in Daybook. */
export type DocumentId = mongo.ObjectId | string

/** What an account had in Daybook. The notebook's programs may have changed its balance since. */
type AccountAfterwards = Pick<
  AccountRecord,
  'balance' | 'currency' | 'status' | 'overdraftLimit' | 'createdAt' | 'updatedAt'
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
  /** When it changed last, where that was in Daybook. */
  readonly updatedAt?: Date
}

type Problem = { readonly problem: string }

/** Reads an account, or says why it cannot be adopted. One without a holder is named by its number. */
export function readAccount(
  { _id, account_id, account_holder, balance: stored, daybook }: NotebookAccount,
  assumedCurrency: string,
): AdoptableAccount | Problem {
  const accountId = account_id as string
  const holder = (account_holder ?? account_id) as string
  const afterwards = daybook ?? undefined
  if (!isAccountAfterwards(afterwards)) return notOurs(daybook)
  const currency = afterwards?.currency ?? assumedCurrency
  const opening = readOpening({ accountId, holder, currency }, new Date(0))
  if (opening instanceof LedgerError) return { problem: opening.message }
  const balance = readAmount(stored)
  if ('problem' in balance) return { problem: `balance ${quote(stored)} ${balance.problem}` }
  const problem = isOutOfRange(balance)
    ? `is not below ${LIMIT} in magnitude`
    : decimalsProblem(balance, currency)
  if (problem !== undefined) return { problem: `balance ${quote(stored)} ${problem}` }
  return {
    accountId,
    holder,
    currency,
    balance,
    ...(afterwards ? standingOf(afterwards, balance) : newStanding(balance)),
    createdAt: afterwards?.createdAt ?? timeOf(_id),
    ...(afterwards && { updatedAt: afterwards.updatedAt }),
  }
}

type Standing = Pick<AdoptableAccount, 'status' | 'overdraftLimit'>

/** The notebook has no limits. One that holds for the account as it stands lets no debt grow. */
const newStanding = (balance: Decimal): Standing => ({
  status: 'open',
  overdraftLimit: Decimal.max(0, balance.neg()),
})

/** Daybook's rules go on where the notebook's programs have not broken them since. */
function standingOf({ status, ...afterwards }: AccountAfterwards, balance: Decimal): Standing {
  const limit = toDecimal(afterwards.overdraftLimit)
  return {
    status: status === 'closed' && !balance.isZero() ? 'open' : status,
    overdraftLimit: balance.eq(toDecimal(afterwards.balance))
      ? limit
      : Decimal.max(limit, balance.neg()),
  }
}

/** The transfer that a document asks for. Whether its parts are well formed is the posting's to say. */
export function requestOf(document: NotebookTransfer): IdentifiedRequest | Problem {
  const { _id, transfer_id, from_account, to_account, amount: stored, daybook } = document
  const amount = readAmount(stored)
  if ('problem' in amount) return { problem: `amount ${quote(stored)} ${amount.problem}` }
  const transferId = transfer_id as string
  const afterwards = daybook ?? undefined
  if (!isTransferAfterwards(afterwards, transferId)) return notOurs(daybook)
  return {
    transferId,
    from: from_account as string,
    to: to_account as string,
    amount,
    reference: afterwards?.reference,
    metadata: afterwards?.metadata,
    reverses: afterwards?.reverses,
    postedBefore: { at: afterwards?.postedAt ?? timeOf(_id), batch: afterwards?.batch },
  }
}

const notOurs = (daybook: unknown): Problem => ({
  problem: `its field daybook is ${quote(daybook)}, which is not what Daybook writes there: rename the field, or take it away`,
})

const STATUSES: readonly unknown[] = ['open', 'frozen', 'closed'] satisfies AccountStatus[]

/** Whether a field can have come from {@link movedAccount}; also where there is none. */
function isAccountAfterwards(field: unknown): field is AccountAfterwards | undefined {
  if (field === undefined) return true
  if (typeof field !== 'object') return false
  const { currency, status, balance, overdraftLimit, createdAt, updatedAt } = field as Record<
    keyof AccountAfterwards,
    unknown
  >
  return (
    isCurrency(currency) &&
    STATUSES.includes(status) &&
    isMoney(balance, currency) &&
    isMoney(overdraftLimit, currency) &&
    !toDecimal(overdraftLimit).isNeg() &&
    isTime(createdAt) &&
    isTime(updatedAt)
  )
}

/** Whether a field can have come from {@link notebookTransfer}; what is well formed of it is the posting's to say. */
function isTransferAfterwards(
  field: unknown,
  transferId: string,
): field is TransferAfterwards | undefined {
  if (field === undefined) return true
  if (typeof field !== 'object') return false
  const { postedAt, reverses, batch } = field as Record<keyof TransferAfterwards, unknown>
  return (
    isTime(postedAt) &&
    (batch === undefined || (typeof batch === 'string' && isBatchName(batch))) &&
    (reverses === undefined ||
      (typeof reverses === 'string' && transferId === reversalId(reverses)))
  )
}

function isMoney(stored: unknown, currency: string): stored is Decimal128 {
  if (!(stored instanceof Decimal128)) return false
  const value = toDecimal(stored)
  return value.isFinite() && !isOutOfRange(value) && decimalsProblem(value, currency) === undefined
}

const isTime = (value: unknown): value is Date =>
  value instanceof Date && !Number.isNaN(value.getTime())

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
  if (isLong(stored)) return readDecimal(stored.toBigInt())
  const literal = literalOf(stored)
  return literal === undefined ? readDecimal(stored) : readAmount(literal)
}

/** Whether a value is a 64-bit integer; a timestamp, which is none, is made as one too. */
const isLong = (stored: unknown): stored is mongo.BSON.Long =>
  stored instanceof mongoose.mongo.Long && (stored._bsontype as string) === 'Long'

/** The notebook's literal sub-document `{ "$numberDecimal": 100 }`: what is in it. */
function literalOf(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null) return undefined
  const [[key, value] = [], ...others] = Object.entries(stored)
  const isNumber = typeof value !== 'object' || isLong(value) || value instanceof Decimal128
  return key === '$numberDecimal' && others.length === 0 && isNumber ? value : undefined
}

/** An account in the notebook's shape, with what that has no words for. */
export const notebookAccount = (account: AccountRecord): NotebookAccount => ({
  _id: account._id,
  account_id: account._id,
  account_holder: account.holder,
  ...movedAccount(account),
  transfers_complete: [],
})

/** Whether an account is another than adopting its document made it. */
export const hasMoved = (adopted: AdoptableAccount, account: AccountRecord): boolean =>
  !(
    adopted.balance.eq(toDecimal(account.balance)) &&
    adopted.overdraftLimit.eq(toDecimal(account.overdraftLimit)) &&
    adopted.status === account.status &&
    adopted.holder === account.holder
  )

/** What of a notebook's account changes with Daybook's. */
export function movedAccount(account: AccountRecord): {
  balance: Decimal128
  daybook: AccountAfterwards
} {
  const { balance, currency, status, overdraftLimit, createdAt, updatedAt } = account
  const daybook = { balance, currency, status, overdraftLimit, createdAt, updatedAt }
  return { balance, daybook }
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

/** By what a document that came from Daybook is known: its list is the notebook's. */
export const accountText = ({
  _id,
  transfers_complete: _list,
  ...account
}: NotebookAccount): string => EJSON.stringify(account)

/** By what a document that came from Daybook is known: its time may be later each time that it is posted. */
export function transferText({ _id, daybook, ...transfer }: NotebookTransfer): string {
  const { postedAt: _postedAt, ...afterwards } = (daybook ?? {}) as Partial<TransferAfterwards>
  return EJSON.stringify({ ...transfer, afterwards })
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
