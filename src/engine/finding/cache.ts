import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import envPaths from 'env-paths'
import { EngineError } from '../../errors.ts'
import { folderError } from '../errors.ts'

const prefixOfUnfinished = 'installing-'
const hour = 3_600_000

/** The folder of the user's cache that keeps an installed mongod, such as ~/.cache/daybook. */
export function defaultCache(): string {
  return envPaths('daybook', { suffix: '' }).cache
}

/** Where a cache keeps its mongod; the file is there only when it is whole. */
export function cachedPath(cache: string): string {
  return join(cache, process.platform === 'win32' ? 'mongod.exe' : 'mongod')
}

/**
 * Lets `install` fetch a mongod into a fresh folder, then moves the file it names into the cache in
 * one step: killed half-way it leaves nothing that passes for whole, and of two at once both succeed.
 */
export async function installInCache(
  cache: string,
  install: (folder: string) => Promise<string>,
): Promise<string> {
  const folder = await makeFolder(cache)
  try {
    const installed = await install(folder)
    const whole = join(folder, 'mongod.whole')
    // A file from elsewhere (another project's download) stays where it is.
    await (relative(folder, installed).startsWith('..') ? copyFile : rename)(installed, whole)
    await rename(whole, cachedPath(cache))
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
    return await mkdtemp(join(cache, prefixOfUnfinished))
  } catch (error) {
    throw folderError(cache, error)
  }
}

// By age and not by process id: the cache may be shared with containers, whose processes are not seen.
async function removeUnfinished(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(prefixOfUnfinished)) continue
    const folder = join(cache, name)
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > hour) await rm(folder, { recursive: true, force: true })
  }
}
