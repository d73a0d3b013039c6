import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** What a command of Daybook's took, from its start to its end. */
export interface CommandRun {
  readonly stdout: string
  readonly seconds: number
  /** The most resident memory, in MiB. */
  readonly memory: number
}

const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))

const MEMORY = 'daybook-bench-memory'
// Linux counts the starter's memory into `maxRSS`, because a process is for a moment a copy of its starter.
const tellMemory = `data:text/javascript,${encodeURIComponent(`
  import { existsSync, readFileSync } from 'node:fs'
  const status = '/proc/self/status'
  process.on('exit', () => {
    const kibibytes = existsSync(status)
      ? /VmHWM:\\s*(\\d+)/.exec(readFileSync(status, 'utf8'))[1]
      : process.resourceUsage().maxRSS
    process.stderr.write('${MEMORY} ' + kibibytes)
  })
`)}`

/** Runs a command in a process of its own, as a user does. Throws unless it exits with 0. */
export async function runCommand(
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<CommandRun> {
  const loaders = ['tsx', tellMemory].flatMap((it) => ['--import', it])
  const start = performance.now()
  const child = spawn(process.execPath, [...loaders, cli, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  const seconds = (performance.now() - start) / 1000
  const [complaint = '', memory] = stderr.split(`${MEMORY} `)
  if (exitCode !== 0) {
    throw new Error(`daybook ${parameters[0]} ended with ${exitCode}: ${complaint.trim()}`)
  }
  return { stdout, seconds, memory: Number(memory) / 1024 }
}
