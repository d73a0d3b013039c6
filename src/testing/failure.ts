import type { Connection } from 'mongoose'
import { quote } from '../messages.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { clearFailpoint, setFailpoint } from './failpoint.ts'

/** A failure of a command: which commands can fail, and in which one of three ways. */
export type Failure = {
  /** The names of the commands that fail, such as `insert` or `commitTransaction`. */
  readonly commands: readonly string[]
} & (
  | {
      /** The server does nothing and answers with this error code. */
      readonly errorCode: number
      /** The labels of the error; by default those that the server itself adds. */
      readonly errorLabels?: readonly string[]
      readonly closeConnection?: never
      readonly writeConcernError?: never
    }
  | {
      /** The server does nothing and closes the connection. */
      readonly closeConnection: true
      readonly errorCode?: never
      readonly errorLabels?: never
      readonly writeConcernError?: never
    }
  | {
      /** The server executes the command, then reports this write concern error. */
      readonly writeConcernError: { readonly code: number; readonly errmsg: string }
      readonly errorCode?: never
      readonly errorLabels?: never
      readonly closeConnection?: never
    }
)

/** The ways to fail. A failure has exactly one of them. */
const WAYS = ['errorCode', 'closeConnection', 'writeConcernError'] as const

const WRITES = ['insert', 'update', 'delete', 'findAndModify']

const FAILURES = {
  /**
   * A write conflicts with another transaction. The driver runs the transaction's callback again. Outside a
   * transaction a real server never reports this, so a test should write its own documents before it calls failNext.
   */
  'write-conflict': { commands: WRITES, errorCode: 112 },
  /** The commit fails, as when the primary changes. Nothing is stored, and the driver runs the callback again. */
  'transient-transaction-error': {
    commands: ['commitTransaction'],
    errorCode: 251,
    errorLabels: ['TransientTransactionError'],
  },
  /** The commit succeeds, but its reply is lost. The driver repeats the commit, which succeeds. */
  'lost-commit-reply': {
    commands: ['commitTransaction'],
    writeConcernError: { code: 89, errmsg: 'the network timed out' },
  },
  /** The commit succeeds, but ends with an error that has the label `UnknownTransactionCommitResult`. */
  'unknown-commit-result': {
    commands: ['commitTransaction'],
    writeConcernError: { code: 50, errmsg: 'the commit exceeded its time' },
  },
} satisfies Record<string, Failure>

export type FailureName = keyof typeof FAILURES

export interface FailureOptions {
  /** How many commands fail, 1 by default. A command that the driver repeats by itself counts again. */
  readonly times?: number | undefined
}

/**
 * Makes the server fail the next matching command of this connection, and of no other: it recognizes the connection
 * by its `appName`. It replaces a failure of this connection that has not happened yet. A server can do this for one
 * client at a time, so the call waits up to 4 seconds for another client's failure to happen.
 * @throws TypeError if the failure is unknown or malformed, or the connection has no `appName`; RangeError if
 * `times` is not a whole number from 1; Error if the connection is not open; EngineError if the server has no
 * failpoints, or another client's failure does not happen in time
 * @example
 * await failNext(connection, 'lost-commit-reply')
 * // Posted once all the same:
 * await Account.transfer({ transferId: 'RENT-1', from: 'ADA', to: 'GRACE', amount: '100' })
 */
export async function failNext(
  connection: Connection,
  failure: FailureName | Failure,
  { times = 1 }: FailureOptions = {},
): Promise<void> {
  const { commands, ...how } = failureOf(failure)
  if (!Number.isSafeInteger(times) || times < 1) {
    throw new RangeError(`times must be a whole number from 1, but is ${times}`)
  }
  const appName = appNameOf(connection)
  await stopFailing(connection)
  await setFailpoint(connection, { times, data: { ...how, failCommands: commands, appName } })
  failing.add(connection)
}

function failureOf(failure: FailureName | Failure): Failure {
  if (typeof failure === 'string') {
    if (Object.hasOwn(FAILURES, failure)) return FAILURES[failure]
    throw new TypeError(
      `unknown failure ${quote(failure)}: expected one of ${Object.keys(FAILURES).join(', ')}, or { commands, … }`,
    )
  }
  const ways = WAYS.filter((way) => failure?.[way] !== undefined)
  if (Array.isArray(failure?.commands) && failure.commands.length > 0 && ways.length === 1) {
    return failure
  }
  throw new TypeError(
    `malformed failure ${quote(failure)}: expected commands, such as ["insert"], and exactly one of ${WAYS.join(', ')}`,
  )
}

/** Cancels what {@link failNext} asked for on this connection, if it has not happened yet. */
export async function stopFailing(connection: Connection): Promise<void> {
  if (failing.delete(connection)) await clearFailpoint(connection, appNameOf(connection))
}

/** The connections on which failNext was called since their last stopFailing. */
const failing = new WeakSet<Connection>()

function appNameOf(connection: Connection): string {
  databaseOf(connection)
  const { appName } = connection.getClient().options
  if (appName) return appName
  throw new TypeError(
    'the connection has no appName, by which the server would recognize its commands. Open it with a unique one: { appName: … }',
  )
}
