import type { AsyncLocalStorage } from 'node:async_hooks'
import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { requireConnection, requireSession } from '../arguments.ts'
import { quote } from '../messages.ts'
import { explainAccess } from './access.ts'
import { describeOtherCopy, requireUsableCopy } from './mongoose-copies.ts'

/** The database of a connection that is open. */
export function databaseOf(connection: Connection): mongoose.mongo.Db {
  requireConnection(connection)
  const { db } = connection
  if (!db) throw new Error(describeUnopened(connection))
  requireUsableCopy(connection)
  return db
}

/**
 * Checks that Mongoose's default connection is open or being opened, if another connection is: the program means that one, as in
 * Nest. Mongoose would wait ten seconds, and then advise to call `mongoose.connect()`.
 */
export function refuseIfOnlyAnotherIsOpen(connection: Connection): void {
  const isDefault = baseOf(connection).connection === connection
  if (!isDefault || connection.readyState !== mongoose.ConnectionStates.disconnected) return
  if (connection.db) return
  const problem = describeOtherConnection(connection)
  if (problem !== undefined) throw new Error(problem)
}

const describeUnopened = (connection: Connection): string =>
  describeOtherConnection(connection) ??
  'the connection is not open: await mongoose.connect() first'

/** What a program is told that has opened another connection than the one it uses. Undefined if it has not. */
function describeOtherConnection(connection: Connection): string | undefined {
  const other = openOne(connection)
  return other
    ? `the connection is not open, but another one is, to the database ${quote(other.name)} at ${other.host}. If you mean that one, use the model on it: accountModel(connection), transferModel(connection), and so on (docs/projects.md shows it for Nest). Else await mongoose.connect() first`
    : describeOtherCopy()
}

const openOne = (connection: Connection): Connection | undefined =>
  baseOf(connection).connections.find(
    ({ readyState }) => readyState === mongoose.ConnectionStates.connected,
  )

/**
 * Waits until a connection that is being opened is open, as Mongoose's own operations do.
 * @throws Error if nobody has started to open it: Mongoose would wait ten seconds for that. DatabaseError if the server
 * does not accept its user
 */
export async function waitUntilOpen(connection: Connection): Promise<void> {
  requireConnection(connection)
  if (connection.readyState === mongoose.ConnectionStates.connecting) {
    await connection.asPromise().catch(explainAccess(connection))
  }
  databaseOf(connection)
}

/**
 * The session that an operation belongs to: the caller's if there is one, else that of the surrounding
 * transaction if Mongoose is configured to find it (`transactionAsyncLocalStorage`).
 */
export function sessionOf(
  connection: Connection,
  session: ClientSession | null | undefined,
): ClientSession | undefined {
  if (session !== undefined && session !== null) requireSession(session)
  return session ?? ambientSessions(connection)?.getStore()?.session ?? undefined
}

/** Runs some work so that {@link sessionOf}, and Mongoose's own operations, find its session if Mongoose is so configured. */
export const withAmbientSession = <Result>(
  connection: Connection,
  session: ClientSession,
  work: () => Promise<Result>,
): Promise<Result> => ambientSessions(connection)?.run({ session }, work) ?? work()

/** Mongoose's own store of sessions. */
const ambientSessions = (connection: Connection) => baseOf(connection).transactionAsyncLocalStorage

/** The mongoose that a connection belongs to. Its types declare neither `base` nor the store. */
const baseOf = (connection: Connection) =>
  Reflect.get(connection, 'base') as {
    readonly connection: Connection
    readonly connections: readonly Connection[]
    readonly transactionAsyncLocalStorage?: AmbientSessions
  }

type AmbientSessions = AsyncLocalStorage<{ readonly session?: ClientSession | null }>

/**
 * The database, always read from the primary: a secondary, which the connection may prefer, can lag behind.
 */
export function primaryDatabaseOf(connection: Connection): mongoose.mongo.Db {
  const { databaseName } = databaseOf(connection)
  return connection.getClient().db(databaseName, { readPreference: 'primary' })
}
