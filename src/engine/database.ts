import { optionsOf } from '../arguments.ts'
import { openLocalDatabase, type LocalDatabaseOptions } from './local/local-database.ts'
import { requireReachable } from './replica-set.ts'
import { isLocalUri } from './uri.ts'

/** The options of the local database, and a URI that takes precedence over it. */
export interface DatabaseOptions extends LocalDatabaseOptions {
  /** Takes precedence over MONGODB_URI, too. */
  uri?: string
}

/** A database that supports transactions. */
export interface Database {
  uri: string
  /** Whether it runs on this machine. */
  isLocal: boolean
  /** The folder with the local database's data and log, as the caller wrote it; absent for a database at a URI. */
  folder?: string | undefined
  close(): Promise<void>
}

/**
 * Opens the database at `uri`, else at MONGODB_URI, else the local one, which it starts if it does not run.
 * @throws EngineError if there is no database that supports transactions, InputError if the URI is malformed
 */
export async function openDatabase(databaseOptions?: DatabaseOptions): Promise<Database> {
  const options = optionsOf(databaseOptions, 'openDatabase()')
  const environment = options.environment ?? process.env
  const uri = options.uri || environment['MONGODB_URI']
  if (!uri) {
    const local = await openLocalDatabase(options)
    const { folder } = options
    return { uri: local.uri, isLocal: true, folder, close: () => local.close() }
  }
  await requireReachable(uri)
  return { uri, isLocal: isLocalUri(uri), close: async () => {} }
}
