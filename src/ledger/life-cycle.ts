import type { Connection, mongo } from 'mongoose'
import {
  AccountNotEmptyError,
  AccountNotFoundError,
  AccountNotOpenError,
  InvalidAccountIdError,
  InvalidAmountError,
  SameAccountError,
} from '../errors.ts'
import { type Decimal128, toDecimal, toDecimal128 } from '../money/money.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { inTransaction, type Transaction } from '../mongodb/transaction.ts'
import { readOverdraftLimit } from './opening.ts'
import { post } from './posting.ts'
import type { AccountRecord, AccountStatus } from './records.ts'
import { IDENTIFIER_RULE, isIdentifier, makeId } from './request.ts'

/** Where a change is made: in the caller's transaction, or at once. */
export type Place = {
  readonly connection: Connection
  readonly transaction?: Transaction | undefined
}

/** Opens an account, unless one of its number is there; gives the one that is there then. */
export async function insertIfMissing(
  record: AccountRecord,
  { connection, transaction }: Place,
): Promise<AccountRecord> {
  const stored = await accountsOf(connection).findOneAndUpdate(
    { _id: record._id },
    { $setOnInsert: record },
    { upsert: true, returnDocument: 'after', ...writeOptions(transaction) },
  )
  return stored as AccountRecord
}

/** Freezes an account, or lets a frozen one go on. A closed one stays closed. */
export async function setStatus(
  accountId: string,
  status: 'open' | 'frozen',
  place: Place,
): Promise<AccountRecord> {
  const changed = await change(accountId, { status: { $ne: 'closed' } }, { status }, place)
  if (changed) return changed
  throw new AccountNotOpenError({ accountId, status: (await find(accountId, place)).status })
}

/** Lets an account go so far below zero. One that is further below already keeps its balance and pays nothing. */
export async function setOverdraftLimit(
  accountId: string,
  given: unknown,
  place: Place,
): Promise<AccountRecord> {
  const { currency } = await find(accountId, place)
  const limit = readOverdraftLimit(given, currency)
  if (limit instanceof InvalidAmountError) throw limit
  const overdraftLimit = toDecimal128(limit, currency)
  const changed = await change(accountId, { status: { $ne: 'closed' } }, { overdraftLimit }, place)
  if (changed) return changed
  throw new AccountNotOpenError({ accountId, status: (await find(accountId, place)).status })
}

/** Closes an account for good. One with money on it is paid out to another account first, in one transaction. */
export async function close(
  accountId: string,
  payOutTo: string | undefined,
  { connection, transaction }: Place,
): Promise<AccountRecord> {
  const transferId = makeId()
  const closeIn = async (within: Transaction): Promise<AccountRecord> => {
    const place = { connection, transaction: within }
    const account = await find(accountId, place)
    if (account.status === 'closed') return account
    if (account.status !== 'open') {
      throw new AccountNotOpenError({ accountId, status: account.status })
    }
    if (payOutTo !== undefined) await checkReceiver(accountId, payOutTo, place)
    const balance = toDecimal(account.balance)
    if (!balance.isZero()) {
      if (payOutTo === undefined || balance.lt(0)) {
        throw new AccountNotEmptyError({ accountId, balance, currency: account.currency })
      }
      const request = { transferId, from: accountId, to: payOutTo, amount: balance }
      const [result] = await post([request], within)
      if (result?.status === 'refused') throw result.error
    }
    const closed = await change(accountId, {}, { status: 'closed' }, place)
    return closed ?? account
  }
  return transaction ? await closeIn(transaction) : await inTransaction(connection, closeIn)
}

/** An account that is paid out to must be there also when there is nothing to pay. */
async function checkReceiver(accountId: string, payOutTo: string, place: Place): Promise<void> {
  if (payOutTo === accountId) throw new SameAccountError({ accountId })
  await find(payOutTo, place)
}

type Changes = { status: AccountStatus } | { overdraftLimit: Decimal128 }

/**
 * Changes one account in one step, if it is as `condition` says. Its single document is what a posting
 * writes too, so of the two one comes first and the other sees it; and unlike a transaction it waits for
 * its turn at an account that is busy.
 */
async function change(
  accountId: string,
  condition: mongo.Filter<AccountRecord>,
  changes: Changes,
  { connection, transaction }: Place,
): Promise<AccountRecord | null> {
  requireIdentifier(accountId)
  return await accountsOf(connection).findOneAndUpdate(
    { ...condition, _id: accountId },
    // Times go on along an account's life, whichever clock wrote the last.
    [{ $set: { ...changes, updatedAt: { $max: [{ $add: ['$updatedAt', 1] }, '$$NOW'] } } }],
    { returnDocument: 'after', ...writeOptions(transaction) },
  )
}

const writeOptions = (transaction: Transaction | undefined) =>
  transaction ? { session: transaction.session } : { writeConcern: { w: 'majority' as const } }

async function find(accountId: string, { connection, transaction }: Place): Promise<AccountRecord> {
  requireIdentifier(accountId)
  const account = await accountsOf(connection).findOne(
    { _id: accountId },
    transaction ? { session: transaction.session } : { readPreference: 'primary' },
  )
  if (!account) throw new AccountNotFoundError({ accountId })
  return account
}

function requireIdentifier(accountId: unknown): void {
  if (!isIdentifier(accountId))
    throw new InvalidAccountIdError({ accountId, expected: IDENTIFIER_RULE })
}

const accountsOf = (connection: Connection) =>
  databaseOf(connection).collection<AccountRecord>('accounts')
