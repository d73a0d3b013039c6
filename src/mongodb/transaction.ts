import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { LedgerError } from '../errors.ts'
import { reasonOf } from '../messages.ts'
import { databaseOf, waitUntilOpen } from './connection.ts'
import { isDuplicateKey } from './server-errors.ts'

/** A transaction in progress. */
export interface Transaction {
  /** The driver's own object: Mongoose's collections buffer commands while the server is away. */
  readonly database: mongoose.mongo.Db
  readonly session: ClientSession
}

/** The latest work in each session's transaction. The next work waits for it. */
const latestWork = new WeakMap<ClientSession, Promise<unknown>>()

/**
 * Does some work in the caller's transaction. One must be in progress, or the writes would not be all or
 * nothing. Calls run one after the other, even if the caller does not await each: within one transaction
 * nothing conflicts, so one call could overwrite what another has just written.
 * @throws TypeError if the session has no transaction in progress
 */
export async function joinTransaction<Result>(
  connection: Connection,
  session: ClientSession,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  requireTransaction(session)
  const turn = (latestWork.get(session) ?? Promise.resolve()).then(() => {
    requireTransaction(session)
    return work({ database: databaseOf(connection), session })
  })
  latestWork.set(
    session,
    turn.catch(() => undefined),
  )
  return await turn
}

function requireTransaction(session: ClientSession): void {
  if (typeof session.inTransaction === 'function' && session.inTransaction()) return
  throw new TypeError(
    'the session has no transaction in progress. Call this inside connection.transaction(), or omit the session',
  )
}

/** Set on the transaction itself, which ignores the options of a schema, a database or a collection. */
const OPTIONS: mongoose.mongo.TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
  maxCommitTimeMS: 30_000,
}

/** How long a transaction is retried after write conflicts and other transient errors, in milliseconds. */
export const PATIENCE = 60_000

/**
 * A transaction met transient errors, such as write conflicts, until its time was up. None of its attempts
 * was committed.
 */
export class TransactionTimeoutError extends Error {
  /** How many times it was tried. */
  readonly attempts: number
  constructor(attempts: number, patience: number, cause: unknown) {
    super(
      `the transaction failed ${attempts} times in ${patience / 1000} s, the last time with: ${reasonOf(cause)}. Either the database is busy, or another open transaction holds the same documents: check that every call inside your own transaction gets its session. Then try again`,
      { cause },
    )
    this.name = 'TransactionTimeoutError'
    this.attempts = attempts
  }
}

/**
 * Runs a callback in `connection.transaction()`, with snapshot reads from the primary and majority writes. It
 * is retried for `patience` milliseconds. The callback must follow three rules:
 * - it creates all its state itself, because it runs again from its start after a transient error;
 * - it throws the driver's errors unwrapped, because their labels decide on the retry;
 * - it recognizes its own work. If the reply to a commit is lost, or the session was ended from outside, it
 *   runs once more in a new transaction, and only the ids that it is about to write show whether the first
 *   commit succeeded.
 * @throws TransactionTimeoutError
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
      // The first attempt may have been committed, and only the label of its own error says so.
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

/** Thrown when the work of a rehearsal is done, so that the driver rolls its transaction back. */
class RehearsalDone extends Error {
  constructor() {
    super('the rehearsal is done, and its transaction is rolled back')
    this.name = 'RehearsalDone'
  }
}

/**
 * Does some work in a transaction that is rolled back at its end, so nothing is written. Returns the result of
 * the work. Like the callback of {@link inTransaction}, the work may run again from its start.
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

/** The server's error code, which comes without a label, when another client or an operator ends a session. */
const INTERRUPTED = 11_601

const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoError &&
  (error.code === INTERRUPTED ||
    error.hasErrorLabel(mongoose.mongo.MongoErrorLabel.UnknownTransactionCommitResult))
