import mongoose, { type ClientSession, type Connection, type Schema } from 'mongoose'

/** The database of a connection that is open. */
export function databaseOf({ db }: Connection): mongoose.mongo.Db {
  if (!db) throw new Error('the connection is not open: await mongoose.connect() first')
  return db
}

/**
 * Waits for a connection that is being opened, as Mongoose's own operations do.
 * @throws Error where nobody has begun to open it: Mongoose would wait for that for ten seconds
 */
export async function waitUntilOpen(connection: Connection): Promise<void> {
  if (connection.readyState === mongoose.ConnectionStates.connecting) await connection.asPromise()
  databaseOf(connection)
}

/**
 * The session that an operation belongs to: the one that is given, else that of the transaction around it
 * where Mongoose was set to find it there by itself (`transactionAsyncLocalStorage`).
 */
export function sessionOf(
  connection: Connection,
  given: ClientSession | null | undefined,
): ClientSession | undefined {
  if (given) return given
  // Mongoose's types do not tell of it.
  const base = Reflect.get(connection, 'base') as { transactionAsyncLocalStorage?: Store }
  return base.transactionAsyncLocalStorage?.getStore()?.session ?? undefined
}

interface Store {
  getStore(): { readonly session?: ClientSession | null } | undefined
}

/** The database as its primary has it, whatever the connection reads from: a secondary may not have heard of all. */
export function primaryDatabaseOf(connection: Connection): mongoose.mongo.Db {
  const { databaseName } = databaseOf(connection)
  return connection.getClient().db(databaseName, { readPreference: 'primary' })
}

/**
 * The model of a name on a connection, compiled the first time. A connection of another instance of Mongoose
 * makes a copy of the schema, and would take the second time for another model of the same name.
 */
export const modelOn = (connection: Connection, name: string, schema: object): unknown =>
  connection.models[name] ?? connection.model(name, schema as Schema)
