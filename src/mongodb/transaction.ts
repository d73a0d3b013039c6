import { isDuplicateKey } from './server-errors.ts'
import { databaseOf, waitUntilOpen } from './connection.ts'
import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { reasonOf } from '../messages.ts'
import { LedgerError } from '../errors.ts'

/** A transaction in progress. */
export interface Transaction {
  /** The driver's own: Mongoose's collections would hold commands back while the server is away. */
  readonly database: mongoose.mongo.Db
  readonly session: ClientSession
}

/** The last that was asked of a session's transaction. What is asked next waits for it. */
const turns = new WeakMap<ClientSession, Promise<unknown>>()

/**
 * Does some work in the caller's transaction, which must be in progress: without one its writes would not be
 * all or nothing. Calls take turns, also where the caller does not await each: what two of them
 * read before either wrote would be no write conflict within one transaction.
 */
export async function joinTransaction<Result>(
  connection: Connection,
  session: ClientSession,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  requireTransaction(session)
  const turn = (turns.get(session) ?? Promise.resolve()).then(() => {
    requireTransaction(session)
    return work({ database: databaseOf(connection), session })
  })
  turns.set(
    session,
    turn.catch(() => undefined),
  )
  return await turn
}

function requireTransaction(session: ClientSession): void {
  if (typeof session.inTransaction === 'function' && session.inTransaction()) return
  throw new TypeError(
    'the session has no transaction in progress: call this inside connection.transaction(), or leave the session out',
  )
}

/** Set on the transaction itself: those of a schema, a database or a collection are ignored inside one. */
const OPTIONS: mongoose.mongo.TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
  maxCommitTimeMS: 30_000,
}

/** How long a transaction is tried again after conflicts and other passing failures, in milliseconds. */
export const PATIENCE = 60_000

/** A transaction met passing failures, such as write conflicts, until its time was up. None of its attempts was committed. */
export class TransactionTimeoutError extends Error {
  /** How often it was tried. */
  readonly attempts: number
  constructor(attempts: number, patience: number, cause: unknown) {
    super(
      `the transaction was tried ${attempts} times in ${patience / 1000} s without success, at last: ${reasonOf(cause)}; the database is too busy, or a transaction that is still open has written to the same documents, such as an account (one of this program's own, where a call inside it was not given its session); try again later`,
      { cause },
    )
    this.name = 'TransactionTimeoutError'
    this.attempts = attempts
  }
}

/**
 * Runs a callback in `connection.transaction()` with snapshot reads from the primary and majority
 * writes. The callback runs again from its beginning after a passing failure, so it makes all its
 * state itself; the driver's errors leave it unwrapped, because their labels decide over the retry.
 * It also runs again, once, when a commit's reply is lost for good or the session was ended from outside, so it must find its own work done:
 * reading the ids that it is about to write, in a new transaction, is what tells whether the first was posted.
 */
export async function inTransaction<Result>(
  connection: Connection,
  callback: (transaction: Transaction) => Promise<Result>,
  patience = PATIENCE,
): Promise<Result> {
  await waitUntilOpen(connection)
  try {
    return await attempt(connection, callback, patience)
  } catch (error) {
    if (!isOutcomeUnknown(error)) throw error
    return await attempt(connection, callback, patience).catch((second: unknown) => {
      // The first may have been committed: only its own error says so, by its label.
      throw second instanceof LedgerError || isDuplicateKey(second) ? second : error
    })
  }
}

function attempt<Result>(
  connection: Connection,
  callback: (transaction: Transaction) => Promise<Result>,
  patience: number,
): Promise<Result> {
  const deadline = performance.now() + patience
  let attempts = 0
  let failure: unknown
  return connection.transaction(async (session) => {
    if (attempts > 0 && performance.now() > deadline) {
      throw new TransactionTimeoutError(attempts, patience, failure)
    }
    attempts += 1
    try {
      return await callback({ database: databaseOf(connection), session })
    } catch (error) {
      failure = error
      throw error
    }
  }, OPTIONS)
}

/** Ends the transaction of a rehearsal once its work is done, so that the driver rolls it back. */
class RehearsalDone extends Error {
  constructor() {
    super('the rehearsal is done, and its transaction is rolled back')
    this.name = 'RehearsalDone'
  }
}

/**
 * Does some work in a transaction that is rolled back at its end, and returns the work's result: nothing is
 * written. Like the callback of {@link inTransaction}, the work may run again from its beginning.
 */
export async function rehearse<Result>(
  connection: Connection,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  let done: { readonly result: Result } | undefined
  try {
    return await inTransaction(connection, async (transaction) => {
      done = { result: await work(transaction) }
      throw new RehearsalDone()
    })
  } catch (error) {
    if (error instanceof RehearsalDone && done) return done.result
    throw error
  }
}

/** What a server says, without a label, when another client or an operator ends a session. */
const INTERRUPTED = 11_601

const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoError &&
  (error.code === INTERRUPTED ||
    error.hasErrorLabel(mongoose.mongo.MongoErrorLabel.UnknownTransactionCommitResult))
