import type { AsyncLocalStorage } from 'node:async_hooks'
import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { requireConnection, requireSession } from '../arguments.ts'
import { explainAccess } from './access.ts'

/** The database of a connection that is open. */
export function databaseOf(connection: Connection): mongoose.mongo.Db {
  requireConnection(connection)
  const { db } = connection
  if (!db) throw new Error('the connection is not open: await mongoose.connect() first')
  return db
}

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

/** Mongoose's own store of sessions. Its types declare neither this nor `base`. */
const ambientSessions = (connection: Connection) =>
  (Reflect.get(connection, 'base') as { transactionAsyncLocalStorage?: AmbientSessions })
    .transactionAsyncLocalStorage

type AmbientSessions = AsyncLocalStorage<{ readonly session?: ClientSession | null }>

/**
 * The database, always read from the primary: a secondary, which the connection may prefer, can lag behind.
 */
export function primaryDatabaseOf(connection: Connection): mongoose.mongo.Db {
  const { databaseName } = databaseOf(connection)
  return connection.getClient().db(databaseName, { readPreference: 'primary' })
}
