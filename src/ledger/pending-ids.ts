import mongoose from 'mongoose'
import { isDriverError } from '../mongodb/driver-errors.ts'
import { Decimal, toDecimal128 } from '../money/money.ts'
import { isDuplicateKey } from '../mongodb/server-errors.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import type { TransferRecord } from './records.ts'
import { prepareInsert } from './stored-ledger.ts'

/**
 * Checks that no other transaction that is still open has written transfers with these ids. A refusal is final, but a
 * transaction that only reads does not meet the one that is about to post the same id, such as one whose commit the
 * network holds back. So another transaction inserts the ids, which conflicts, and is rolled back.
 * @throws MongoServerError, labelled as transient, if an id is pending or was posted since this transaction began: it
 * must start again
 */
export async function requireNonePending(
  transferIds: ReadonlySet<string>,
  { connection, database, isDryRun }: Transaction,
): Promise<void> {
  if (transferIds.size === 0 || isDryRun) return
  const session = database.client.startSession()
  session.startTransaction()
  try {
    await prepareInsert([...transferIds].map(placeholderOf), { connection, database, session })()
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
