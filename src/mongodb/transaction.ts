import { setTimeout } from 'node:timers/promises'
import type { ClientSession, Connection, mongo } from 'mongoose'
import { isDriverError } from './driver-errors.ts'
import { databaseOf, waitUntilOpen, withAmbientSession } from './connection.ts'
import { isCertainlyAborted, isPassing, isWithinTransaction } from './passing-errors.ts'
import { isServerError } from './server-errors.ts'
import {
  type Call,
  PATIENCE,
  PAUSE,
  TimeIsUp,
  hasTime,
  type RetryOptions,
  withinPatience,
} from './patience.ts'

/** A transaction in progress. */
export interface Transaction {
  readonly connection: Connection
  /** The driver's own object: Mongoose's collections buffer commands while the server is away. */
  readonly database: mongo.Db
  readonly session: ClientSession
  /** Whether it only reads, and what would be written is left out: see {@link dryRun}. */
  readonly isDryRun?: boolean
}

/** The sessions of the transactions of {@link dryRun}. */
const dryRunSessions = new WeakSet<ClientSession>()

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
    const isDryRun = dryRunSessions.has(session)
    return work({ connection, database: databaseOf(connection), session, isDryRun })
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
const OPTIONS: mongo.TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
  maxCommitTimeMS: 30_000,
}

/**
 * Runs a callback in a transaction with snapshot reads from the primary and majority writes, on a new session.
 * The callback must follow three rules:
 * - it creates all its state itself, because it runs again from its start after a transient error;
 * - it throws the driver's errors unwrapped, because their labels decide on the retry;
 * - it recognizes its own work. If the outcome of a commit is unknown, it runs again in a new transaction, and
 *   only the ids that it is about to write show whether the earlier commit succeeded.
 *
 * That new transaction is the next of the same session, so the server ends the doubtful one before it begins. What
 * the callback finds is then final: no earlier commit can arrive late.
 * @throws OutcomeError if the caller's time is up. It says whether anything may be written
 */
export async function inTransaction<Result>(
  connection: Connection,
  callback: (transaction: Transaction) => Promise<Result>,
  options: RetryOptions = {},
): Promise<Result> {
  await waitUntilOpen(connection)
  return await withinPatience(options, (call) => attemptUntilKnown(connection, callback, call))
}

/** Thrown in place of a write conflict, after which the driver would wait for longer and longer. */
class ConflictMet extends Error {}

/** {@link inTransaction}, as part of a call that others may share. */
export async function attemptUntilKnown<Result>(
  connection: Connection,
  callback: (transaction: Transaction) => Promise<Result>,
  call: Call,
): Promise<Result> {
  // Not `connection.startSession()`: Mongoose would hold it back for ten seconds while the server is away.
  const session = connection.getClient().startSession()
  let isCommitting = false

  const attempt = async (): Promise<Result> => {
    // The driver itself runs the callback again only if the server has aborted the commit.
    if (isCommitting) call.isInDoubt = false
    isCommitting = false
    if (call.attempts > 0 && !hasTime(call)) throw new TimeIsUp()
    call.attempts += 1
    try {
      const result = await callback({ connection, database: databaseOf(connection), session })
      if (call.isGivenUp && !call.isInDoubt) throw new TimeIsUp()
      isCommitting = true
      call.isInDoubt = true
      return result
    } catch (error) {
      if (isWithinTransaction(error)) call.isInDoubt = false
      if (!(error instanceof TimeIsUp)) call.latestError = error
      if (call.pauseAfterConflict && isServerError(error, 'WriteConflict')) throw new ConflictMet()
      throw error
    }
  }

  try {
    for (;;) {
      try {
        return await session.withTransaction(
          () => withAmbientSession(connection, session, attempt),
          OPTIONS,
        )
      } catch (error) {
        if (error instanceof TimeIsUp) throw error
        let pause = PAUSE
        if (error instanceof ConflictMet) {
          pause = call.pauseAfterConflict?.() ?? PAUSE
        } else if (isCommitting) {
          call.latestError = error
          if (isCertainlyAborted(error)) call.isInDoubt = false
          isCommitting = false
        } else if (!isPassing(error)) {
          // An error of the driver itself, such as a closed connection, does not settle an earlier commit.
          if (call.isInDoubt && isDriverError(error, 'MongoError')) throw new TimeIsUp()
          throw error
        }
        if (!hasTime(call, pause)) throw new TimeIsUp()
        await setTimeout(pause)
      }
    }
  } finally {
    void session.endSession().catch(() => undefined)
  }
}

/** For work of any length, such as a migration's: it may run as long as it takes, and is repeated for a minute. */
export const LONG_WORK: RetryOptions = { patience: Infinity, retryFor: PATIENCE }

/**
 * Does a change in a transaction that only reads, so that it takes no right to write. A change that joins its session
 * decides and returns the same as ever, and leaves out what it would write. So there must be only one.
 */
export const dryRun = <Result>(
  connection: Connection,
  change: (session: ClientSession) => Promise<Result>,
): Promise<Result> =>
  inTransaction(
    connection,
    async ({ session }) => {
      dryRunSessions.add(session)
      return await change(session)
    },
    LONG_WORK,
  )

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
    return await inTransaction(
      connection,
      async (transaction) => {
        done = { result: await work(transaction) }
        throw new RehearsalDone()
      },
      LONG_WORK,
    )
  } catch (error) {
    if (error instanceof RehearsalDone && done) return done.result
    throw error
  }
}
