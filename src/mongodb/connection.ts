import mongoose, { type ClientSession, type Connection, type Schema } from 'mongoose'

/** The database of a connection that is open. */
export function databaseOf({ db }: Connection): mongoose.mongo.Db {
  if (!db) throw new Error('the connection is not open: await mongoose.connect() first')
  return db
}

/**
 * Waits until a connection that is being opened is open, as Mongoose's own operations do.
 * @throws Error if nobody has started to open it: Mongoose would wait ten seconds for that
 */
export async function waitUntilOpen(connection: Connection): Promise<void> {
  if (connection.readyState === mongoose.ConnectionStates.connecting) await connection.asPromise()
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
  if (session) return session
  // Mongoose's types do not declare `base`.
  const base = Reflect.get(connection, 'base') as { transactionAsyncLocalStorage?: Store }
  return base.transactionAsyncLocalStorage?.getStore()?.session ?? undefined
}

interface Store {
  getStore(): { readonly session?: ClientSession | null } | undefined
}

/**
 * The database, always read from the primary: a secondary, which the connection may prefer, can lag behind.
 */
export function primaryDatabaseOf(connection: Connection): mongoose.mongo.Db {
  const { databaseName } = databaseOf(connection)
  return connection.getClient().db(databaseName, { readPreference: 'primary' })
}

/**
 * The model with a name on a connection. It is compiled once only: a connection of another instance of
 * Mongoose copies the schema, and would then refuse it the second time as another model with the same name.
 */
export const modelOn = (connection: Connection, name: string, schema: object): unknown =>
  connection.models[name] ?? connection.model(name, schema as Schema)
