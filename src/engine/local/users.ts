import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import { EngineError } from '../../errors.ts'
import { folderError } from '../errors.ts'
import { markOf } from '../processes.ts'

// The one before may be downloading a mongod.
const longestWait = 300_000
const interval = 50

/** Runs `work` while no other process of this folder does; the lock of a killed one expires in 4 s. */
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
    // A process that was suspended finds its lock gone when it wakes up. mongod's own lock guards the
    // data, so the worst that follows is an error.
    onCompromised: () => {},
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOCKED') throw folderError(folder, error)
    throw new EngineError(
      `another command has been busy starting or stopping mongod for ${longestWait / 1000} s (lock: ${join(folder, 'lock')}); end it and try again`,
      { cause: error },
    )
  })
  try {
    return await work()
  } finally {
    await release().catch(() => {})
  }
}

/** Notes that this process uses the folder's mongod; the function returned takes the note away. */
export async function addUser(folder: string): Promise<() => Promise<void>> {
  const note = join(folder, 'users', `${process.pid}-${randomUUID()}`)
  await mkdir(join(folder, 'users'), { recursive: true })
  await writeFile(note, (await markOf(process.pid)) ?? '')
  return () => rm(note, { force: true })
}

/** Whether a live process uses the folder's mongod; the notes of dead ones are removed. */
export async function hasUsers(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'users')).catch(() => [])
  let count = 0
  for (const name of names) {
    const note = join(folder, 'users', name)
    const mark = await readFile(note, 'utf8').catch(() => '')
    if (mark && mark === (await markOf(Number.parseInt(name, 10)))) count += 1
    else await rm(note, { force: true })
  }
  return count > 0
}
