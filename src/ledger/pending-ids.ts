import mongoose from 'mongoose'
import { REFUSAL_CODES, type RefusalCode } from '../errors.ts'
import { isDriverError } from '../mongodb/driver-errors.ts'
import { Decimal, toDecimal128 } from '../money/money.ts'
import { isDuplicateKey } from '../mongodb/server-errors.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { isRefusedByGroup, isWellFormed } from './groups.ts'
import { prepareHoldInsert } from './holds/stored-holds.ts'
import { type LedgerRequest, type LedgerResult, type Reading, isRefused } from './ledger-request.ts'
import type { HoldRecord, TransferRecord } from './records.ts'
import { TransferInsert } from './transfer-insert.ts'
import type { RefusedTransfer } from './transfer-result.ts'

/** The ids that a posting refuses because of what its transaction has read. */
export interface RefusedIds {
  readonly transfers: ReadonlySet<string>
  readonly holds: ReadonlySet<string>
}

/**
 * The codes that a well-formed request gets because of what was found, or because it was not. An id of an earlier
 * version, and an own field, are refused only if there is no record with the id. With another code, the request itself is wrong, or its id
 * is posted.
 */
const LOOKED_UP: ReadonlySet<RefusalCode> = new Set([
  'INVALID_TRANSFER_ID',
  'INVALID_HOLD_ID',
  'INVALID_ACCOUNT_ID',
  'INVALID_EXPIRES_AT',
  'INVALID_FIELD',
  ...REFUSAL_CODES.slice(REFUSAL_CODES.indexOf('HOLD_CONFLICT') + 1),
])

/** `known` has the ids of transfers that the transaction knows: no other transaction can post them. */
export function refusedIdsOf(
  results: readonly LedgerResult[],
  {
    requests,
    readings,
    known,
  }: {
    requests: readonly LedgerRequest[]
    readings: readonly Reading[]
    known: { has(transferId: string): boolean }
  },
): RefusedIds {
  const transfers = new Set<string>()
  const holds = new Set<string>()
  for (const [index, result] of results.entries()) {
    if (!isRefused(result) || !isWellFormed(readings[index] as Reading)) continue
    const request = requests[index] as LedgerRequest
    if (!LOOKED_UP.has(result.code) && !isRefusedByGroup(result as RefusedTransfer)) continue
    if ('transferId' in request && !known.has(request.transferId)) transfers.add(request.transferId)
    const isHoldMissing = request.kind === 'hold' || result.code === 'HOLD_NOT_FOUND'
    if (request.kind !== undefined && isHoldMissing) holds.add(request.holdId)
  }
  return { transfers, holds }
}

/**
 * Checks that no other transaction that is still open has written transfers or holds with these ids. A refusal is final, but a
 * transaction that only reads does not meet the one that is about to post the same id, such as one whose commit the
 * network holds back. So another transaction inserts the ids, which conflicts, and is rolled back.
 * @throws MongoServerError, labelled as transient, if an id is pending or was posted since this transaction began: it
 * must start again
 */
export async function requireNonePending(
  refusedIds: RefusedIds | undefined,
  { connection, database, isDryRun }: Transaction,
): Promise<void> {
  const { transfers, holds } = refusedIds ?? NONE
  if ((transfers.size === 0 && holds.size === 0) || isDryRun) return
  const session = database.client.startSession()
  session.startTransaction()
  try {
    const transaction = { connection, database, session }
    await new TransferInsert(transaction, [...transfers].map(placeholderOf)).send()
    await prepareHoldInsert([...holds].map(placeholderOfHold), transaction)()
  } catch (error) {
    if (isDriverError(error, 'MongoServerError') && isDuplicateKey(error)) {
      error.addErrorLabel(mongoose.mongo.MongoErrorLabel.TransientTransactionError)
    }
    throw error
  } finally {
    await session.abortTransaction().catch(() => undefined)
    await session.endSession()
  }
}

const NONE: RefusedIds = { transfers: new Set(), holds: new Set() }

const NOTHING = toDecimal128(new Decimal(0), 'USD')

/** A transfer that is never stored. Only its id counts, but the collection's validator wants the rest. */
const placeholderOf = (transferId: string): TransferRecord => ({
  _id: transferId,
  fromAccount: transferId,
  toAccount: transferId,
  amount: toDecimal128(new Decimal(1), 'USD'),
  currency: 'USD',
  fromBalance: NOTHING,
  toBalance: NOTHING,
  fromSequence: 1,
  toSequence: 1,
  postedAt: new Date(0),
})

/** A hold that is never stored. */
const placeholderOfHold = (holdId: string): HoldRecord => ({
  _id: holdId,
  fromAccount: holdId,
  toAccount: holdId,
  amount: toDecimal128(new Decimal(1), 'USD'),
  currency: 'USD',
  captured: NOTHING,
  status: 'active',
  createdAt: new Date(0),
})
