import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

interface Ended {
  readonly exitCode: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line as a person would, on a database, off a terminal. */
export function commandLine(
  uri: string,
  parameters: readonly string[],
  options: Pick<SpawnOptions, 'stdio' | 'env'> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/cli.ts', ...parameters], {
    ...options,
    env: { ...process.env, MONGODB_URI: uri, ...options.env },
  })
  const end = async (): Promise<Ended> => {
    const [stdout, stderr, [code, signal]] = await Promise.all([
      child.stdout ? text(child.stdout) : '',
      child.stderr ? text(child.stderr) : '',
      once(child, 'close') as Promise<[number | null, string | null]>,
    ])
    return { exitCode: code ?? signal ?? '', stdout, stderr }
  }
  return { child, ended: end() }
}
