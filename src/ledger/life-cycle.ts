import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import {
  AccountNotFoundError,
  AccountNotOpenError,
  InvalidAccountIdError,
  InvalidAmountError,
} from '../errors.ts'
import { type Decimal128, toDecimal128 } from '../money/money.ts'
import { databaseOf } from '../mongodb/connection.ts'
import type { WaitOptions } from '../mongodb/patience.ts'
import { repeatUntilAnswered } from '../mongodb/repeated-operation.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { IDENTIFIER_RULE, isIdentifier, newIdentifierProblem } from './identifier.ts'
import { type OpeningReading, readOverdraftLimit, requireNewAccountId } from './opening.ts'
import type { AccountRecord, AccountStatus } from './records.ts'

/** The connection of an operation, and the transaction that it belongs to if its caller has one. */
export interface OperationContext {
  readonly connection: Connection
  readonly transaction?: Transaction | undefined
  /** How long a change outside a caller's transaction may wait. */
  readonly waiting?: WaitOptions | undefined
}

/**
 * Opens an account unless its id is taken. Returns the account that has the id now.
 * @throws InvalidAccountIdError if no account has the id, and a new one may not have it
 * @throws InvalidFieldError if no account has the id, and a new one may not have its fields
 */
export async function insertIfMissing(
  { record, refusal }: OpeningReading,
  context: OperationContext,
): Promise<AccountRecord> {
  const accounts = accountsOf(context.connection)
  const filter = { _id: record._id }
  const { isDryRun } = context.transaction ?? {}
  if (isDryRun || refusal || newIdentifierProblem(record._id) !== undefined) {
    const existing = await findIfExists(record._id, context)
    if (existing) return existing
    requireNewAccountId(record._id)
    if (refusal) throw refusal
    return record
  }
  const stored = await write(context, (options) =>
    accounts.findOneAndUpdate(
      filter,
      { $setOnInsert: record },
      { upsert: true, returnDocument: 'after', ...options },
    ),
  )
  return stored as AccountRecord
}

/**
 * Freezes an account, or opens a frozen one again.
 * @throws AccountNotOpenError if it is closed, AccountNotFoundError
 */
export async function setStatus(
  accountId: string,
  status: 'open' | 'frozen',
  context: OperationContext,
): Promise<AccountRecord> {
  return await changeUnlessClosed(accountId, {}, { status }, context)
}

/**
 * Sets how far below zero an account's balance may go. An account that is already further below keeps its
 * balance, but cannot pay.
 * @throws AccountNotOpenError if it is closed, AccountNotFoundError, InvalidAmountError
 */
export async function setOverdraftLimit(
  accountId: string,
  value: unknown,
  context: OperationContext,
): Promise<AccountRecord> {
  const { currency } = await findAccount(accountId, context)
  const limit = readOverdraftLimit(value, currency)
  if (limit instanceof InvalidAmountError) throw limit
  const overdraftLimit = toDecimal128(limit, currency)
  return await changeUnlessClosed(accountId, { currency }, { overdraftLimit }, context)
}

/** {@link changeAccount}. @throws AccountNotOpenError if it is closed, AccountNotFoundError */
async function changeUnlessClosed(
  accountId: string,
  condition: mongo.Filter<AccountRecord>,
  changes: Changes,
  context: OperationContext,
): Promise<AccountRecord> {
  const open = { ...condition, status: { $ne: 'closed' as const } }
  const changed = await changeAccount(accountId, open, changes, context)
  if (changed) return changed
  const { status } = await findAccount(accountId, context)
  throw new AccountNotOpenError({ accountId, status })
}

type Changes = { status: AccountStatus } | { overdraftLimit: Decimal128 }

/**
 * Changes one account, if it meets `condition`. Returns null if it does not. A single update is enough: a
 * posting writes the same document, so one of the two comes first and the other sees it. And unlike a
 * transaction, a single update waits its turn when the account is busy.
 */
export async function changeAccount(
  accountId: string,
  condition: mongo.Filter<AccountRecord>,
  changes: Changes,
  context: OperationContext,
): Promise<AccountRecord | null> {
  requireIdentifier(accountId)
  const accounts = accountsOf(context.connection)
  const filter = { ...condition, _id: accountId }
  const { session, isDryRun } = context.transaction ?? {}
  if (session && isDryRun) {
    const changed = [{ $match: filter }, ...updateOf(changes)]
    return await accounts.aggregate<AccountRecord>(changed, { session }).next()
  }
  return await write(context, (options) =>
    accounts.findOneAndUpdate(filter, updateOf(changes), {
      returnDocument: 'after',
      ...options,
    }),
  )
}

/**
 * `updatedAt` increases with each change, even if the previous one was made on a machine whose clock is ahead. It stays
 * if nothing changes, so that a repeated call writes nothing.
 */
function updateOf(changes: Changes) {
  const isDone = Object.entries(changes).map(([field, value]) => ({ $eq: [`$${field}`, value] }))
  const later = { $max: [{ $add: ['$updatedAt', 1] }, '$$NOW'] }
  return [{ $set: { ...changes, updatedAt: { $cond: [{ $and: isDone }, '$updatedAt', later] } } }]
}

/** Writes in the caller's transaction, or by itself until the server answers. */
const write = <Result>(
  { transaction, waiting }: OperationContext,
  send: (options: WriteOptions) => Promise<Result>,
): Promise<Result> =>
  transaction
    ? send({ session: transaction.session })
    : repeatUntilAnswered('write', () => send({ writeConcern: { w: 'majority' } }), waiting)

type WriteOptions = Pick<mongo.FindOneAndUpdateOptions, 'session' | 'writeConcern'>

export async function findAccount(
  accountId: string,
  context: OperationContext,
): Promise<AccountRecord> {
  requireIdentifier(accountId)
  const account = await findIfExists(accountId, context)
  if (!account) throw new AccountNotFoundError({ accountId })
  return account
}

async function findIfExists(
  accountId: string,
  { connection, transaction, waiting }: OperationContext,
): Promise<AccountRecord | null> {
  const filter = { _id: accountId }
  const accounts = accountsOf(connection)
  return transaction
    ? await accounts.findOne(filter, { session: transaction.session })
    : await repeatUntilAnswered(
        'read',
        () => accounts.findOne(filter, { readPreference: 'primary' }),
        waiting,
      )
}

function requireIdentifier(accountId: unknown): void {
  if (!isIdentifier(accountId))
    throw new InvalidAccountIdError({ accountId, expected: IDENTIFIER_RULE })
}

const accountsOf = (connection: Connection) =>
  databaseOf(connection).collection<AccountRecord>(collectionsOf(connection).accounts)
