import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** One run of a Daybook command, from its start to its exit. */
export interface CommandRun {
  readonly stdout: string
  readonly seconds: number
  /** The peak resident memory, in MiB. */
  readonly memory: number
}

const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))

const MEMORY = 'daybook-bench-memory'
// On Linux a process starts as a copy of its parent, so `maxRSS` can be the parent's memory.
const reportMemory = `data:text/javascript,${encodeURIComponent(`
  import { existsSync, readFileSync } from 'node:fs'
  const status = '/proc/self/status'
  process.on('exit', () => {
    const kibibytes = existsSync(status)
      ? /VmHWM:\\s*(\\d+)/.exec(readFileSync(status, 'utf8'))[1]
      : process.resourceUsage().maxRSS
    process.stderr.write('${MEMORY} ' + kibibytes)
  })
`)}`

/** Runs a command in its own process, as a user does. Throws unless it exits with 0. */
export async function runCommand(
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<CommandRun> {
  const imports = ['tsx', reportMemory].flatMap((module) => ['--import', module])
  const start = performance.now()
  const child = spawn(process.execPath, [...imports, cli, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  const seconds = (performance.now() - start) / 1000
  const [messages = '', memory] = stderr.split(`${MEMORY} `)
  if (exitCode !== 0) {
    throw new Error(`daybook ${parameters[0]} exited with ${exitCode}: ${messages.trim()}`)
  }
  return { stdout, seconds, memory: Number(memory) / 1024 }
}
