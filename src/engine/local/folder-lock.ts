import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import { EngineError } from '../../errors.ts'
import { folderError } from '../folder-error.ts'

// Times in milliseconds. The process that holds the lock may be downloading a mongod.
const longestWait = 300_000
const interval = 50

/** Runs `work` while no other process holds the folder's lock. The lock of a killed process expires in 4 s. */
export async function withLock<Result>(
  folder: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const release = await lock(folder, {
    lockfilePath: join(folder, 'lock'),
    stale: 4000,
    update: 1000,
    retries: {
      retries: longestWait / interval,
      factor: 1,
      minTimeout: interval,
      maxTimeout: interval,
    },
    // A process that was suspended finds its lock gone when it wakes up. mongod's own lock protects the
    // data, so the worst that can follow is an error.
    onCompromised: () => {},
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOCKED') throw folderError(folder, error)
    throw new EngineError(
      `another command has been starting or stopping mongod for ${longestWait / 1000} s (lock: ${join(folder, 'lock')}). End it and try again`,
      { cause: error },
    )
  })
  try {
    return await work()
  } finally {
    await release().catch(() => {})
  }
}
