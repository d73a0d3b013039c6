import { openLocalDatabase, type LocalDatabaseOptions } from './local/local-database.ts'
import { requireReachable } from './replica-set.ts'
import { isLocalUri } from './uri.ts'

/** A URI that goes before everything else, and the options of the local database. */
export interface DatabaseOptions extends LocalDatabaseOptions {
  uri?: string
}

/** A database that takes transactions. */
export interface Database {
  uri: string
  /** Whether it runs on this machine. */
  isLocal: boolean
  /** Where the local database keeps its data and its log, as it was named; absent for one with a URI. */
  folder?: string | undefined
  close(): Promise<void>
}

/** Opens the database at `uri` or MONGODB_URI, or else the local one, starting it if needed. */
export async function openDatabase(options: DatabaseOptions = {}): Promise<Database> {
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
