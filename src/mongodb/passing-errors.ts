import mongoose from 'mongoose'
import { isDriverError } from './driver-errors.ts'

/** What a server answers that is not the primary. It has not done what it was asked. */
const NOT_PRIMARY = [
  10_058, // LegacyNotPrimary
  10_107, // NotWritablePrimary
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
]

const WRITE_CONFLICT = 112

/**
 * Codes of the errors that may pass by themselves. The server gives most of them a label, but not all: none outside
 * a transaction or a retryable write, and none for an interruption by another client or an operator.
 */
const PASSING: ReadonlySet<unknown> = new Set([
  ...NOT_PRIMARY,
  WRITE_CONFLICT,
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  43, // CursorNotFound
  50, // MaxTimeMSExpired
  63, // StaleShardVersion
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  150, // StaleEpoch
  175, // QueryPlanKilled
  189, // PrimarySteppedDown
  246, // SnapshotUnavailable
  251, // NoSuchTransaction
  262, // ExceededTimeLimit
  384, // ConnectionPoolExpired
  9_001, // SocketException
  11_600, // InterruptedAtShutdown
  11_601, // Interrupted
  11_602, // InterruptedDueToReplStateChange
  13_388, // StaleConfig
])

/** Passing errors after which a single write is certainly not done. */
const UNDONE: ReadonlySet<unknown> = new Set([...NOT_PRIMARY, WRITE_CONFLICT])

/** Errors by which the server refuses a command before it looks at its transaction. */
const REFUSED_AT_THE_DOOR: ReadonlySet<unknown> = new Set([
  13, // Unauthorized
  391, // ReauthenticationRequired
  8_000, // MongoDB Atlas
])

/**
 * The driver's own error. A bulk write wraps it in a server's error, which hides that the connection was lost.
 */
const driverErrorOf = (error: unknown): unknown =>
  isDriverError(error, 'MongoBulkWriteError') && error.errorResponse instanceof Error
    ? error.errorResponse
    : error

/** Whether an error says that the connection to the server was lost, or that no server is there. */
export const isConnectionLost = (thrown: unknown): boolean => {
  const error = driverErrorOf(thrown)
  return (
    isDriverError(error, 'MongoNetworkError') || isDriverError(error, 'MongoServerSelectionError')
  )
}

/** Whether an error may pass by itself: a lost connection, an election, a write conflict. */
export const isPassing = (thrown: unknown): boolean => {
  const error = driverErrorOf(thrown)
  const { MongoErrorLabel } = mongoose.mongo
  return (
    isConnectionLost(error) ||
    (isDriverError(error, 'MongoError') &&
      (PASSING.has(error.code) ||
        error.hasErrorLabel(MongoErrorLabel.TransientTransactionError) ||
        error.hasErrorLabel(MongoErrorLabel.RetryableWriteError)))
  )
}

/** Whether an error means that its transaction was certainly not committed. */
export const isCertainlyAborted = (error: unknown): boolean =>
  isDriverError(error, 'MongoError') &&
  error.hasErrorLabel(mongoose.mongo.MongoErrorLabel.TransientTransactionError)

/**
 * Whether an error proves that the server has begun the transaction that it comes from, and so has ended the one
 * before it in the same session.
 */
export const isWithinTransaction = (thrown: unknown): boolean => {
  const error = driverErrorOf(thrown)
  return (
    isDriverError(error, 'MongoServerError') &&
    (error.code === WRITE_CONFLICT || !PASSING.has(error.code)) &&
    !REFUSED_AT_THE_DOOR.has(error.code)
  )
}

/** Whether an error means that a single write was certainly not done: the server refused it, or got nothing. */
export const isCertainlyUndone = (error: unknown): boolean => {
  return (
    isDriverError(error, 'MongoServerSelectionError') ||
    (isDriverError(error, 'MongoServerError') &&
      !isDriverError(error, 'MongoWriteConcernError') &&
      (UNDONE.has(error.code) || !isPassing(error)))
  )
}
