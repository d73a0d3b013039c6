import { findMongod } from '../engine/finding/mongod.ts'
import type { OnProgress } from '../engine/progress.ts'
import { requireReachable } from '../engine/replica-set.ts'
import { makeMemoryFolder } from './memory-folder.ts'

export interface ReplicaSet {
  readonly uri: string
  /** Stops the replica set and removes its data, if it was started for these tests; else does nothing. */
  stop(): Promise<void>
}

export interface ReplicaSetOptions {
  /** The URI of a running replica set; by default MONGODB_URI. If both are missing, one is started. */
  readonly uri?: string | undefined
  /** Called with a message when something takes long, such as installing a mongod. */
  readonly onProgress?: OnProgress | undefined
}

/**
 * Starts a replica set for a run of tests, with one member and with failpoints enabled; or uses the one at the URI, if
 * there is a URI. Data are kept in memory if the system has a tmpfs at /dev/shm with 1 GiB free, else in a temporary
 * folder. Data in memory are removed even if this process is killed.
 * @throws EngineError if no mongod is found, or if no replica set answers at the URI; InputError if the URI is malformed
 * @example
 * const replicaSet = await startReplicaSet()
 * process.env['MONGODB_URI'] = replicaSet.uri
 * // … and after the last test:
 * await replicaSet.stop()
 */
export async function startReplicaSet({
  uri,
  onProgress = () => {},
}: ReplicaSetOptions = {}): Promise<ReplicaSet> {
  const runningUri = uri || process.env['MONGODB_URI']
  if (runningUri) {
    await requireReachable(runningUri)
    return { uri: runningUri, stop: async () => {} }
  }
  const { path, version } = await findMongod({ onProgress })
  const { MongoMemoryReplSet } = await import('mongodb-memory-server-core')
  const folder = await makeMemoryFolder()
  try {
    const replicaSet = await withSystemBinary(path, () =>
      MongoMemoryReplSet.create({
        binary: { systemBinary: path, version },
        replSet: { count: 1, storageEngine: 'wiredTiger' },
        instanceOpts: [
          {
            // To build an index, the server waits for the next write of its journal: by default for up to 100 ms.
            args: ['--setParameter', 'enableTestCommands=1', '--journalCommitInterval', '10'],
            ...(folder && { dbPath: folder.path }),
          },
        ],
      }),
    )
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

/** Resolves when no start of a replica set needs the environment as it is. */
let lastStart: Promise<unknown> = Promise.resolve()

/**
 * Runs `start` with MONGOMS_SYSTEM_BINARY set. mongodb-memory-server prefers the `systemBinary` of a project's
 * package.json to the one that it is called with, and only the environment takes precedence over that.
 */
function withSystemBinary<Result>(path: string, start: () => Promise<Result>): Promise<Result> {
  const run = async () => {
    const before = process.env['MONGOMS_SYSTEM_BINARY']
    process.env['MONGOMS_SYSTEM_BINARY'] = path
    try {
      return await start()
    } finally {
      if (before === undefined) delete process.env['MONGOMS_SYSTEM_BINARY']
      else process.env['MONGOMS_SYSTEM_BINARY'] = before
    }
  }
  // One after another, so that each restores what it found.
  const result = lastStart.then(run)
  lastStart = result.catch(() => {})
  return result
}

/** The replica set that this process started; undefined when no database in it is open. */
let started: Promise<ReplicaSet> | undefined
let users = 0

/**
 * Like {@link startReplicaSet}, but shares the started replica set with every other caller in this process. It stops
 * when the last of them has called `stop`.
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
