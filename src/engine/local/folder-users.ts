import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startTimeOf } from '../processes.ts'

/**
 * Registers this process as a user of the folder's mongod, by a file in `users/` that holds the process's start
 * time. The function returned removes the file.
 */
export async function addUser(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'users', `${process.pid}-${randomUUID()}`)
  await mkdir(join(folder, 'users'), { recursive: true, mode: 0o700 })
  await writeFile(file, (await startTimeOf(process.pid)) ?? '')
  return () => rm(file, { force: true })
}

/** Whether a live process uses the folder's mongod. Removes the files of processes that have ended. */
export async function hasUsers(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'users')).catch(() => [])
  let count = 0
  for (const name of names) {
    const file = join(folder, 'users', name)
    const startTime = await readFile(file, 'utf8').catch(() => '')
    if (startTime && startTime === (await startTimeOf(Number.parseInt(name, 10)))) count += 1
    else await rm(file, { force: true })
  }
  return count > 0
}
