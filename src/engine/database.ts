import { type Keys, optionsOf } from '../arguments.ts'
import { openLocalDatabase, type LocalDatabaseOptions } from './local/local-database.ts'
import { requireReachable } from './replica-set.ts'

/** The options of the local database, and a URI that takes precedence over it. */
export interface DatabaseOptions extends LocalDatabaseOptions {
  /** Takes precedence over MONGODB_URI, too. */
  uri?: string | undefined
}

/** A database that supports transactions. */
export interface Database {
  uri: string
  /**
   * Whether it is the local database that Daybook itself runs. A database at a URI is not, even on this machine: the URI
   * may lead through a tunnel to another one.
   */
  isLocal: boolean
  /** The folder with the local database's data and log, as the caller wrote it; absent for a database at a URI. */
  folder?: string | undefined
  /**
   * Resolves when the signal aborts; rejects with an EngineError if the local database's mongod ends before that. A
   * server at a URI is not watched.
   */
  stayOpen(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

const OPTION_KEYS: Keys<DatabaseOptions> = {
  uri: true,
  folder: true,
  environment: true,
  cache: true,
  onProgress: true,
  signal: true,
}

/** Does the work of `openDatabase()`, which index.ts documents. */
export async function openDatabase(databaseOptions?: DatabaseOptions): Promise<Database> {
  const database = await locateDatabase(databaseOptions)
  if (!database.isLocal) await requireReachable(database.uri, databaseOptions?.signal)
  return database
}

/** {@link openDatabase}, except that nobody has looked for the server of a URI. */
export async function locateDatabase(databaseOptions?: DatabaseOptions): Promise<Database> {
  const options = optionsOf(databaseOptions, 'openDatabase()', OPTION_KEYS)
  const environment = options.environment ?? process.env
  const uri = options.uri || environment['MONGODB_URI']
  if (!uri) {
    const local = await openLocalDatabase(options)
    const { folder } = options
    return {
      uri: local.uri,
      isLocal: true,
      folder,
      stayOpen: (signal) => local.stayOpen(signal),
      close: () => local.close(),
    }
  }
  return { uri, isLocal: false, stayOpen: aborted, close: async () => {} }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
