import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { compilePackage } from './compiled-package.ts'

/** One run of a program of Node.js, from its start to its exit. */
export interface ProgramRun {
  readonly stdout: string
  readonly seconds: number
  /** The processor time that it took, in seconds. */
  readonly processorSeconds: number
  /** The peak resident memory, in MiB. */
  readonly memory: number
}

/** Compiles the command line into an empty folder, as the package is compiled, and returns the path of its program. */
export async function compileCommandLine(folder: string): Promise<string> {
  const { dist } = await compilePackage(folder)
  return join(dist, 'scripts/cli.js')
}

const RESOURCES = 'daybook-bench-resources'
// On Linux a process starts as a copy of its parent, so `maxRSS` can be the parent's memory.
const reportResources = `data:text/javascript,${encodeURIComponent(`
  import { existsSync, readFileSync } from 'node:fs'
  const status = '/proc/self/status'
  process.on('exit', () => {
    const kibibytes = existsSync(status)
      ? /VmHWM:\\s*(\\d+)/.exec(readFileSync(status, 'utf8'))[1]
      : process.resourceUsage().maxRSS
    const { user, system } = process.cpuUsage()
    process.stderr.write('${RESOURCES} ' + kibibytes + ' ' + (user + system))
  })
`)}`

/** Runs a program in its own process, as a user does. Throws unless it exits with 0. */
export async function runProgram(
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<ProgramRun> {
  const start = performance.now()
  const child = spawn(process.execPath, ['--import', reportResources, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  const seconds = (performance.now() - start) / 1000
  const [messages = '', resources = ''] = stderr.split(`${RESOURCES} `)
  if (exitCode !== 0) {
    throw new Error(`node ${parameters.join(' ')} exited with ${exitCode}: ${messages.trim()}`)
  }
  const [kibibytes, microseconds] = resources.split(' ')
  return {
    stdout,
    seconds,
    processorSeconds: Number(microseconds) / 1_000_000,
    memory: Number(kibibytes) / 1024,
  }
}
