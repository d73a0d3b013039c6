import type { Database, DatabaseOptions } from './database.ts'

// What finds and runs mongod is loaded at the first call.

/**
 * Opens the database at `uri`, else at MONGODB_URI, else the local one, which it starts if it does not run.
 * @throws EngineError if there is no database that supports transactions, InputError if the URI is malformed; the
 * reason of the option `signal` if that aborts before the database is open
 * @example
 * const database = await openDatabase()
 * await mongoose.connect(database.uri)
 * await createCollections(mongoose.connection)
 * // … and at the end:
 * await mongoose.disconnect()
 * await database.close()
 */
export async function openDatabase(databaseOptions?: DatabaseOptions): Promise<Database> {
  const module = await import('./database.ts')
  return await module.openDatabase(databaseOptions)
}
