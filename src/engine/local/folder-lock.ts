import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import { EngineError } from '../../errors.ts'
import { codeOf, folderError } from '../folder-error.ts'
import type { OnProgress } from '../progress.ts'
import { waitUntil } from '../wait-until.ts'
import { named } from '../../messages.ts'

// In milliseconds. The process that holds the lock may be downloading a mongod.
const longestWait = 300_000

/** After how long, in milliseconds, the lock of a killed process expires. */
export const STALE_LOCK_MS = 4000

/** Who learns about a wait, and what ends it. */
export interface LockWait {
  onProgress?: OnProgress | undefined
  signal?: AbortSignal | undefined
}

/**
 * Runs `work` while no other process holds the folder's lock. The lock of a killed process expires in 4 s.
 * @throws EngineError if the folder cannot be written to, or stays locked; the signal's reason if it aborts the wait
 */
export async function withLock<Result>(
  folder: string,
  work: () => Promise<Result>,
  wait: LockWait = {},
): Promise<Result> {
  const release = await takeLock(folder, wait)
  try {
    return await work()
  } finally {
    await release().catch(() => {})
  }
}

async function takeLock(
  folder: string,
  { onProgress, signal }: LockWait,
): Promise<() => Promise<void>> {
  const lockfilePath = join(folder, 'lock')
  let release: (() => Promise<void>) | undefined
  const isTaken = async (): Promise<boolean> => {
    release = await lock(folder, {
      lockfilePath,
      stale: STALE_LOCK_MS,
      update: 1000,
      // A process that was suspended finds its lock gone when it wakes up. mongod's own lock protects the
      // data, so the worst that can follow is an error.
      onCompromised: () => {},
    }).catch((error: unknown) => {
      // Only another process's lock passes. A folder that cannot be written to stays so.
      if (codeOf(error) !== 'ELOCKED') throw folderError(folder, error)
      return undefined
    })
    return release !== undefined
  }
  await waitUntil(isTaken, {
    timeout: longestWait,
    interval: 50,
    signal,
    onLongWait: () =>
      onProgress?.(
        `waiting for another command, which is starting or stopping mongod (lock: ${named(lockfilePath)})`,
      ),
  })
  if (release) return release
  throw new EngineError(
    `another command has been starting or stopping mongod for ${longestWait / 1000} s (lock: ${named(lockfilePath)}). End it and try again`,
  )
}
