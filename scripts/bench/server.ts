import { openDatabase } from '../../src/index.ts'
import { findMongod } from '../../src/internal.ts'
import { startDelay } from './delay.ts'

export interface Server {
  readonly uri: string
  close(): Promise<void>
}

/**
 * The server that the URI names, or a new mongod that keeps its data on disk with a journal. Replies of the new one come
 * `delay` milliseconds later.
 */
export async function startServer(
  { uri, delay }: { uri?: string | undefined; delay: number },
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
  const proxy = delay === 0 ? undefined : await startDelay(replicaSet.getUri(), delay)
  if (proxy) log(`a reply takes ${proxy.roundTrip.toFixed(1)} ms`)
  return {
    uri: proxy?.uri ?? replicaSet.getUri(),
    async close() {
      await proxy?.close()
      await replicaSet.stop()
    },
  }
}
