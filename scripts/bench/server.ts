import { openDatabase } from '../../src/index.ts'
import { findMongod } from '../../src/internal.ts'

export interface Server {
  readonly uri: string
  close(): Promise<void>
}

/** The server that the URI names, or a new mongod that keeps its data on disk with a journal. */
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
      args: ['--oplogSize', '2048'],
      // A terminal sends Ctrl-C to its whole process group, but mongod must run until its databases are dropped.
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
