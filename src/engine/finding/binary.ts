import { execFile } from 'node:child_process'
import { access, constants, stat } from 'node:fs/promises'
import { inspect } from 'node:util'
import { EngineError } from '../../errors.ts'
import { named, reasonOf } from '../../messages.ts'

/** The version of the mongod at a path, such as '6.0.5'. Throws an EngineError that says why it cannot be used. */
export async function readVersion(path: string): Promise<string> {
  await requireExecutable(path)
  const { output, failure } = await run(path)
  const version = /db version v(\d+\.\d+\.\d+)/.exec(output)?.[1]
  if (version && !failure) return version
  throw new EngineError(`${named(path)} cannot be used: ${problemOf(output, failure)}`, {
    cause: failure,
  })
}

async function requireExecutable(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw new EngineError(`${named(path)} cannot be used: ${reasonOf(error)}`, { cause: error })
  })
  if (!found.isFile()) throw new EngineError(`${named(path)} cannot be used: it is not a file`)
  await access(path, constants.X_OK).catch((error: unknown) => {
    const remedy = `no permission to execute it. Allow it with: chmod +x '${path}'`
    throw new EngineError(`${named(path)} cannot be used: ${remedy}`, { cause: error })
  })
}

type Failure = Error & { signal?: NodeJS.Signals | null }

function run(path: string): Promise<{ output: string; failure: Failure | null }> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 10_000 }, (failure, stdout, stderr) => {
      resolve({ output: `${stdout}\n${stderr}`, failure })
    })
  })
}

/** In the words of the operating system, of its dynamic linker, or of the program itself. */
function problemOf(output: string, failure: Failure | null): string {
  const words = output.trim().split('\n')[0]
  if (!failure) return `it does not answer --version as mongod does, but with ${inspect(words)}`
  const reason = words || (failure.signal ? `ended by ${failure.signal}` : reasonOf(failure).trim())
  const here = `${process.platform} ${process.arch}`
  return `it does not run on this machine (${here}): ${inspect(reason)}. It may be built for another system or processor (MongoDB 5.0 and later need AVX on x64), or a library may be missing`
}
