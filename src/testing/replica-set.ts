import { findMongod } from '../engine/finding/mongod.ts'
import type { OnProgress } from '../engine/progress.ts'
import { requireReachable } from '../engine/replica-set.ts'
import { makeMemoryFolder } from './memory-folder.ts'

/** A MongoDB for tests. */
export interface ReplicaSet {
  readonly uri: string
  /** Stops it, and removes its data, where it was started for these tests. */
  stop(): Promise<void>
}

export interface ReplicaSetOptions {
  /** MONGODB_URI unless given. Nothing is started then: the server there is used. */
  readonly uri?: string | undefined
  /** Is told what takes time: a mongod that must be installed first. */
  readonly onProgress?: OnProgress | undefined
}

/**
 * Starts a replica set of one member for a run of tests, with failpoints allowed, or takes the one that a
 * URI names.
 * @throws EngineError where no mongod can be found, or none can be reached at the URI
 */
export async function startReplicaSet({
  uri,
  onProgress = () => {},
}: ReplicaSetOptions = {}): Promise<ReplicaSet> {
  const named = uri || process.env['MONGODB_URI']
  if (named) {
    await requireReachable(named)
    return { uri: named, stop: async () => {} }
  }
  const { path, version } = await findMongod({ onProgress })
  const { MongoMemoryReplSet } = await import('mongodb-memory-server-core')
  const folder = await makeMemoryFolder()
  try {
    const replicaSet = await MongoMemoryReplSet.create({
      binary: { systemBinary: path, version },
      replSet: { count: 1, storageEngine: 'wiredTiger' },
      instanceOpts: [
        {
          args: ['--setParameter', 'enableTestCommands=1'],
          ...(folder && { dbPath: folder.path }),
        },
      ],
    })
    return {
      uri: replicaSet.getUri(),
      async stop() {
        await replicaSet.stop()
        await folder?.remove()
      },
    }
  } catch (error) {
    await folder?.remove()
    throw error
  }
}

/** The replica set that this process has started: there while a database in it is open. */
let started: Promise<ReplicaSet> | undefined
let users = 0

/**
 * Gives the replica set that a URI names, else one that this process starts for all that ask and stops
 * with the last of them. See {@link startReplicaSet}.
 */
export async function joinReplicaSet(options: ReplicaSetOptions): Promise<ReplicaSet> {
  if (options.uri || process.env['MONGODB_URI']) return await startReplicaSet(options)
  users += 1
  const replicaSet = (started ??= startReplicaSet(options))
  try {
    const { uri } = await replicaSet
    return { uri, stop: () => leave(replicaSet) }
  } catch (error) {
    users -= 1
    started = undefined
    throw error
  }
}

async function leave(replicaSet: Promise<ReplicaSet>): Promise<void> {
  users -= 1
  if (users > 0) return
  started = undefined
  await (await replicaSet).stop()
}
