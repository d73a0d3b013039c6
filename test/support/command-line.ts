import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { runCommandLine } from '../../scripts/command-line.ts'

interface Ended {
  readonly exitCode: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Does what a command line says, on a database, off a terminal unless it has `columns`; in this process, which is quicker. */
export async function daybook(
  uri: string,
  parameters: readonly string[],
  { columns }: { columns?: number } = {},
): Promise<Ended> {
  const [printed, told]: [string[], string[]] = [[], []]
  const exitCode = await runCommandLine([...parameters, '--uri', uri], {
    print: (line) => void printed.push(`${line}\n`),
    log: (line) => void told.push(`${line}\n`),
    progress: undefined,
    stdin: process.stdin,
    columns,
    signal: new AbortController().signal,
  })
  return { exitCode, stdout: printed.join(''), stderr: told.join('') }
}

/** Starts the command line in a process of its own: for what rests on signals and streams. */
export function startDaybook(
  uri: string,
  parameters: readonly string[],
  options: Pick<SpawnOptions, 'stdio'> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/cli.ts', ...parameters], {
    ...options,
    env: { ...process.env, MONGODB_URI: uri },
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
