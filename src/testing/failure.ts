import type { Connection } from 'mongoose'
import { quote } from '../messages.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { clearFailpoint, setFailpoint } from './failpoint.ts'

/** What the server does in place of a command, or after it. */
export type Failure = {
  /** The commands that it befalls, such as `insert` or `commitTransaction`. */
  readonly commands: readonly string[]
} & (
  | {
      /** Answers with this error and does nothing. Its labels are those that the server gives it, unless given. */
      readonly errorCode: number
      readonly errorLabels?: readonly string[]
      readonly closeConnection?: never
      readonly writeConcernError?: never
    }
  /** Drops the connection and does nothing. */
  | {
      readonly closeConnection: true
      readonly errorCode?: never
      readonly errorLabels?: never
      readonly writeConcernError?: never
    }
  /** Does what was asked, then reports that its write concern failed. */
  | {
      readonly writeConcernError: { readonly code: number; readonly errmsg: string }
      readonly errorCode?: never
      readonly errorLabels?: never
      readonly closeConnection?: never
    }
)

/** The ways to fail, of which a failure has one. */
const WAYS = ['errorCode', 'closeConnection', 'writeConcernError'] as const

const WRITES = ['insert', 'update', 'delete', 'findAndModify']

const FAILURES = {
  /**
   * A write meets another transaction's. Inside a transaction this runs its callback again; outside of one a
   * server does not let it happen, so what a test writes beforehand comes before this.
   */
  'write-conflict': { commands: WRITES, errorCode: 112 },
  /** The commit fails, as when the primary changes: nothing is kept, and the callback is run again. */
  'transient-transaction-error': {
    commands: ['commitTransaction'],
    errorCode: 251,
    errorLabels: ['TransientTransactionError'],
  },
  /** The commit is done and its reply is lost: the driver asks for it again, and finds it done. */
  'lost-commit-reply': {
    commands: ['commitTransaction'],
    writeConcernError: { code: 89, errmsg: 'the network timed out' },
  },
  /** The commit is done and nobody is told: it ends with an error of the label `UnknownTransactionCommitResult`. */
  'unknown-commit-result': {
    commands: ['commitTransaction'],
    writeConcernError: { code: 50, errmsg: 'the commit exceeded its time' },
  },
} satisfies Record<string, Failure>

/** A failure that has a name. */
export type FailureName = keyof typeof FAILURES

export interface FailureOptions {
  /** How many commands fail: one unless given. One that the driver sends again by itself counts again. */
  readonly times?: number | undefined
}

/**
 * Makes the server fail the next such command of a connection's client, told by its `appName` from all
 * others. A server does this for one client at a time: another's call waits until it has happened.
 * @throws TypeError where there is no such failure, RangeError where it is to happen no number of times;
 * EngineError where the server has no failpoints, or another client's failure does not happen
 */
export async function failNext(
  connection: Connection,
  failure: FailureName | Failure,
  { times = 1 }: FailureOptions = {},
): Promise<void> {
  const { commands, ...how } = failureOf(failure)
  if (!Number.isSafeInteger(times) || times < 1) {
    throw new RangeError(`a failure happens a whole number of times from 1, and times is ${times}`)
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
      `there is no failure named ${quote(failure)}: expected one of ${Object.keys(FAILURES).join(', ')}, or { commands, … }`,
    )
  }
  const ways = WAYS.filter((way) => failure?.[way] !== undefined)
  if (Array.isArray(failure?.commands) && failure.commands.length > 0 && ways.length === 1) {
    return failure
  }
  throw new TypeError(
    `a failure has commands that it befalls, such as ["insert"], and one of ${WAYS.join(', ')}: ${quote(failure)} has not`,
  )
}

/** Takes back what {@link failNext} asked for and has not happened yet. */
export async function stopFailing(connection: Connection): Promise<void> {
  if (failing.delete(connection)) await clearFailpoint(connection, appNameOf(connection))
}

/** The connections that something was to happen to since they last stopped. */
const failing = new WeakSet<Connection>()

function appNameOf(connection: Connection): string {
  databaseOf(connection)
  const { appName } = connection.getClient().options
  if (appName) return appName
  throw new TypeError(
    'the connection has no appName, by which the server tells its commands from those of others: open it with { appName: … }, a name of its own',
  )
}
