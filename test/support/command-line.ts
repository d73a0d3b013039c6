import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { runCommandLine } from '../../scripts/commands/command-line.ts'
import { compiled } from './programs.ts'

interface Outcome {
  readonly exitCode: number | string
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command on a database, in this process because that is quicker. With `columns` its output acts as a terminal, with
 * `colours` as one that has them.
 */
export async function daybook(
  uri: string,
  parameters: readonly string[],
  { columns, colours = false }: { columns?: number; colours?: boolean } = {},
): Promise<Outcome> {
  const printed: string[] = []
  const logged: string[] = []
  const exitCode = await runCommandLine([...parameters, ...databaseOption(uri, parameters)], {
    print: (line) => void printed.push(`${line}\n`),
    log: (line) => void logged.push(`${line}\n`),
    progress: undefined,
    stdin: process.stdin,
    columns,
    logColumns: columns,
    printsColours: colours,
    logsColours: colours,
    signal: new AbortController().signal,
  })
  return { exitCode, stdout: printed.join(''), stderr: logged.join('') }
}

/** Commands that open no database take none. */
const databaseOption = (uri: string, [command = '', action]: readonly string[]): string[] =>
  uri === '' || ['generate', 'formats', 'completion'].includes(command) || action === 'create'
    ? []
    : ['--uri', uri]

/** Starts a command in its own process, for tests of signals and streams. */
export function startDaybook(
  uri: string,
  parameters: readonly string[],
  options: Pick<SpawnOptions, 'stdio'> = {},
): { child: ChildProcess; ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [compiled('scripts/cli.ts'), ...parameters], {
    ...options,
    env: { ...process.env, MONGODB_URI: uri },
  })
  const outcome = async (): Promise<Outcome> => {
    const [stdout, stderr, [code, signal]] = await Promise.all([
      child.stdout ? text(child.stdout) : '',
      child.stderr ? text(child.stderr) : '',
      once(child, 'close') as Promise<[number | null, string | null]>,
    ])
    return { exitCode: code ?? signal ?? '', stdout, stderr }
  }
  return { child, ended: outcome() }
}
