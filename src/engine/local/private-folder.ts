import { chmod, mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { named, reasonOf } from '../../messages.ts'
import { codeOf, folderError } from '../folder-error.ts'
import type { OnProgress } from '../progress.ts'

/** What Daybook keeps in the folder of a local database. */
const ownNames = new Set(['data', 'lock', 'mongod.log', 'mongod.previous.log', 'port', 'users'])

/**
 * Makes the folder of a local database, and returns its real path, so that every user names it alike and finds the same
 * mongod. No other user of the machine may read it. A folder that holds other files, too, keeps its permissions; the data
 * and the log in it are private all the same.
 * @throws EngineError if the folder cannot be used
 */
export async function makePrivateFolder(path: string, onProgress?: OnProgress): Promise<string> {
  try {
    await makeFolders(resolve(path), 0o700)
    const folder = await realpath(resolve(path))
    const names = await readdir(folder)
    if (names.every((name) => ownNames.has(name))) await tighten(folder, onProgress)
    return folder
  } catch (error) {
    throw folderError(path, error)
  }
}

/** Takes a folder's permissions from everyone but its owner. */
export async function tighten(folder: string, onProgress?: OnProgress): Promise<void> {
  const { mode } = await stat(folder)
  // Windows has no such permissions: a folder belongs to its user by its place.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  await chmod(folder, 0o700).catch((error: unknown) => {
    onProgress?.(`other users of this machine may read ${named(folder)}: ${reasonOf(error)}`)
  })
}

/** Node's own recursive mkdir says ENOENT when the file system is read-only. */
async function makeFolders(path: string, mode?: number): Promise<void> {
  const isMissing = await makeOne(path, mode).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return true
  })
  if (!isMissing) return
  await makeFolders(dirname(path))
  await makeOne(path, mode)
}

async function makeOne(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
  }
}
