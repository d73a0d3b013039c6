import { openDatabase } from '../../src/index.ts'
import { findMongod } from '../../src/internal.ts'

/** A replica set that the bench works on. */
export interface Server {
  readonly uri: string
  close(): Promise<void>
}

/** The server that a URI names, else a mongod of one's own: new, with its data on disk and journaled. */
export async function startServer(
  uri: string | undefined,
  log: (text: string) => void,
): Promise<Server> {
  if (uri !== undefined) return await openDatabase({ uri })
  const { path, version } = await findMongod({ onProgress: log })
  log(`starting mongod ${version}`)
  const { MongoMemoryReplSet } = await import('mongodb-memory-server-core')
  const replicaSet = await MongoMemoryReplSet.create({
    binary: { systemBinary: path, version },
    replSet: {
      count: 1,
      storageEngine: 'wiredTiger',
      // Ctrl-C in a terminal is sent to all of its group; mongod must live until its databases are left.
      spawn: { detached: true },
    },
  })
  return {
    uri: replicaSet.getUri(),
    async close() {
      await replicaSet.stop()
    },
  }
}
