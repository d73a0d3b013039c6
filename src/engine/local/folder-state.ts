import { access, constants, readdir, realpath, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { check as isLocked } from 'proper-lockfile'
import { codeOf, folderError } from '../folder-error.ts'
import { usersOf } from './folder-users.ts'
import { type LocalServer, recordedServer, serves } from './local-server.ts'
import { STALE_LOCK_MS } from './folder-lock.ts'
import { localName } from './replica-set-member.ts'

/** What there is in the folder of a local database. */
export interface FolderState {
  /** Whether the folder is there. */
  readonly exists: boolean
  /** How much more may be written to its disk, in bytes. */
  readonly freeSpace: number
  /** The mongod that serves its data, if one does. */
  readonly server?: LocalServer & { readonly uri: string; readonly users: number }
  /** Whether a command is starting or stopping mongod. */
  readonly isLocked: boolean
}

/**
 * Looks at the folder of a local database, and changes nothing.
 * @throws EngineError if the folder cannot be used
 */
export async function inspectFolder(path: string): Promise<FolderState> {
  try {
    const place = await nearestFolder(resolve(path))
    const folder = (await stat(resolve(path)).catch(() => undefined)) && place
    await access(place, constants.R_OK | constants.W_OK | constants.X_OK)
    const { bavail, bsize } = await statfs(place)
    const freeSpace = bavail * bsize
    if (folder === undefined) return { exists: false, freeSpace, isLocked: false }
    const recorded = await recordedServer(folder)
    const isServed = recorded !== undefined && (await serves(recorded.pid, folder))
    return {
      exists: true,
      freeSpace,
      isLocked: await isLocked(folder, {
        lockfilePath: join(folder, 'lock'),
        stale: STALE_LOCK_MS,
      }),
      ...(isServed && {
        server: {
          ...recorded,
          uri: `mongodb://127.0.0.1:${recorded.port}/${localName}?directConnection=true`,
          users: (await usersOf(folder)).living.length,
        },
      }),
    }
  } catch (error) {
    throw folderError(path, error)
  }
}

/** The real path of a folder, or of the nearest one above it if it does not exist. */
async function nearestFolder(path: string): Promise<string> {
  try {
    const found = await realpath(path)
    await readdir(found)
    return found
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return await nearestFolder(dirname(path))
  }
}
