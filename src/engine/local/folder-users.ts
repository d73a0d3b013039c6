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
  const { living, ended } = await usersOf(folder)
  for (const name of ended) await rm(join(folder, 'users', name), { force: true })
  return living.length > 0
}

/** The files of the processes that use the folder's mongod, and those of processes that have ended. */
export async function usersOf(folder: string): Promise<{ living: string[]; ended: string[] }> {
  const names = await readdir(join(folder, 'users')).catch(() => [])
  const users = { living: [] as string[], ended: [] as string[] }
  for (const name of names) {
    const startTime = await readFile(join(folder, 'users', name), 'utf8').catch(() => '')
    const isLiving =
      startTime !== '' && startTime === (await startTimeOf(Number.parseInt(name, 10)))
    users[isLiving ? 'living' : 'ended'].push(name)
  }
  return users
}
