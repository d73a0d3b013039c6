import type { mongo } from 'mongoose'
import { LedgerError } from '../errors.ts'
import { readOpening } from '../ledger/opening.ts'
import type { IdentifiedRequest } from '../ledger/request.ts'
import { quote } from '../messages.ts'
import {
  Decimal,
  isDecimal128,
  LIMIT,
  decimalsProblem,
  isOutOfRange,
  readDecimal,
} from '../money/money.ts'

/** An account as the notebook stores it. Nothing checked it: every field may be of any type, or missing. */
export interface NotebookAccount {
  _id: DocumentId
  account_id?: unknown
  account_holder?: unknown
  balance?: unknown
}

/** A transfer as the notebook stores it. Nothing checked it: every field may be of any type, or missing. */
export interface NotebookTransfer {
  _id: DocumentId
  transfer_id?: unknown
  from_account?: unknown
  to_account?: unknown
  amount?: unknown
}

/** An ObjectId that MongoDB made, or a string if the data came from elsewhere. */
export type DocumentId = mongo.ObjectId | string

/** What Daybook takes over from a document of an account. */
export interface AdoptableAccount {
  readonly accountId: string
  readonly holder: string
  readonly currency: string
  readonly balance: Decimal
  readonly overdraftLimit: Decimal
  readonly createdAt: Date
}

/** Why a document cannot be adopted. */
type Problem = { readonly problem: string }

/** Reads an account, or says why it cannot be adopted. An account without a holder is held by its id. */
export function readAccount(
  { _id, account_id, account_holder, balance: stored }: NotebookAccount,
  currency: string,
): AdoptableAccount | Problem {
  const accountId = account_id as string
  const holder = (account_holder ?? account_id) as string
  const opening = readOpening({ accountId, holder, currency }, new Date(0))
  if (opening instanceof LedgerError) return { problem: opening.message }
  const balance = readAmount(stored)
  if ('problem' in balance) return { problem: `balance ${quote(stored)} ${balance.problem}` }
  const problem = isOutOfRange(balance)
    ? `is not below ${LIMIT} in magnitude`
    : decimalsProblem(balance, currency)
  if (problem !== undefined) return { problem: `balance ${quote(stored)} ${problem}` }
  // The notebook has no limits. This one covers the account's present debt, which cannot grow then.
  const overdraftLimit = Decimal.max(0, balance.neg())
  return { accountId, holder, currency, balance, overdraftLimit, createdAt: creationTimeOf(_id) }
}

/** Reads a transfer. Posting checks its fields; only an amount that is not a number is a problem here. */
export function readTransfer(document: NotebookTransfer): IdentifiedRequest | Problem {
  const { _id, transfer_id, from_account, to_account, amount: stored } = document
  const amount = readAmount(stored)
  if ('problem' in amount) return { problem: `amount ${quote(stored)} ${amount.problem}` }
  return {
    transferId: transfer_id as string,
    from: from_account as string,
    to: to_account as string,
    amount,
    postedElsewhereAt: creationTimeOf(_id),
    keepsFields: true,
  }
}

/** When a document was created: the time in its ObjectId, to the second. 1970 if its id has no time. */
const creationTimeOf = (id: DocumentId): Date =>
  isOfBson(id, 'ObjectId') ? (id as mongo.ObjectId).getTimestamp() : new Date(0)

/**
 * How many decimal digits a double keeps (`DBL_DIG` in C). If the shortest text of a double has no more
 * digits, the double stands for that text and no other.
 */
const DOUBLE_DIGITS = 15

/** Reads money of any type that the notebook's programs store, exactly. */
function readAmount(stored: unknown): Decimal | Problem {
  if (typeof stored === 'number' && !Number.isSafeInteger(stored)) {
    if (!Number.isFinite(stored)) return { problem: 'is not a finite number' }
    const value = new Decimal(stored)
    return value.precision() > DOUBLE_DIGITS
      ? { problem: 'is a double that is not an exact amount' }
      : value
  }
  if (isLong(stored)) return readDecimal(stored.toBigInt())
  const literal = literalOf(stored)
  return literal === undefined ? readDecimal(stored) : readAmount(literal)
}

const isLong = (stored: unknown): stored is mongo.BSON.Long => isOfBson(stored, 'Long')

/** Whether a value is of a type of BSON, of whichever copy. A stored document can have the mark as a field of its own. */
const isOfBson = (stored: unknown, type: 'Long' | 'ObjectId'): boolean =>
  typeof stored === 'object' &&
  stored !== null &&
  !Object.hasOwn(stored, '_bsontype') &&
  (stored as { readonly _bsontype?: unknown })._bsontype === type

/** The value in the notebook's literal sub-document `{ "$numberDecimal": 100 }`, or undefined. */
function literalOf(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null) return undefined
  const [[key, value] = [], ...others] = Object.entries(stored)
  const isNumber = typeof value !== 'object' || isLong(value) || isDecimal128(value)
  return key === '$numberDecimal' && others.length === 0 && isNumber ? value : undefined
}
