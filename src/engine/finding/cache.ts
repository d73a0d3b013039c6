import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import envPaths from 'env-paths'
import { EngineError } from '../../errors.ts'
import { folderError } from '../folder-error.ts'

const unfinishedPrefix = 'installing-'
const hour = 3_600_000

/** The folder in the user's cache for an installed mongod, such as ~/.cache/daybook. */
export function defaultCache(): string {
  return envPaths('daybook', { suffix: '' }).cache
}

/** The path of a cache's mongod. The file exists only if it is complete. */
export function cachedPath(cache: string): string {
  return join(cache, process.platform === 'win32' ? 'mongod.exe' : 'mongod')
}

/**
 * Runs `install`, which puts a mongod into a new folder and returns its path, and moves that file into the cache
 * in one step. So a process that is killed never leaves an incomplete mongod, and two processes may install at
 * the same time. Returns the path in the cache.
 */
export async function installInCache(
  cache: string,
  install: (folder: string) => Promise<string>,
): Promise<string> {
  const folder = await makeFolder(cache)
  try {
    const installed = await install(folder)
    const complete = join(folder, 'mongod.complete')
    // A file outside the folder, such as another project's download, stays there.
    await (relative(folder, installed).startsWith('..') ? copyFile : rename)(installed, complete)
    await rename(complete, cachedPath(cache))
    return cachedPath(cache)
  } catch (error) {
    throw error instanceof EngineError ? error : folderError(cache, error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function makeFolder(cache: string): Promise<string> {
  try {
    await mkdir(cache, { recursive: true })
    await removeUnfinished(cache)
    return await mkdtemp(join(cache, unfinishedPrefix))
  } catch (error) {
    throw folderError(cache, error)
  }
}

// By age, not by process id: containers may share the cache, and their processes cannot be seen from here.
async function removeUnfinished(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(unfinishedPrefix)) continue
    const folder = join(cache, name)
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > hour) await rm(folder, { recursive: true, force: true })
  }
}
