#!/usr/bin/env node
import process from 'node:process'
import { styleText } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { hideBin } from 'yargs/helpers'
import { printableLines } from '../src/internal.ts'
import { runCommandLine } from './commands/command-line.ts'
import { Exit } from './context/command.ts'

// On a machine with much memory V8 lets the heap grow to four times what is in use before it collects garbage. With half
// as much garbage as what is in use, commands take half the memory, and a few per cent more time.
setFlagsFromString('--heap-growing-percent=50')

const interruption = new AbortController()
/**
 * A signal this long after the first one exits at once. Earlier signals are the same Ctrl-C: the terminal sends it
 * to every process, and npm and tsx pass it on as well.
 */
const FORCED_EXIT_AFTER_MS = 1_000
const SHOW_CURSOR = '\u001B[?25h'
let interruptedAt: number | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruptedAt ??= performance.now()
    interruption.abort()
    if (performance.now() - interruptedAt < FORCED_EXIT_AFTER_MS) return
    if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR)
    process.exit(Exit.interrupted)
  })
}

let isOutputLost = false
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of the pipe, such as `head`, wants no more output. The command finishes its work all the same.
    if (error.code === 'EPIPE') return
    // With any other error, such as a full disk, it also finishes, but some of the output is lost.
    isOutputLost = true
    process.exitCode = Exit.failure
    if (stream === process.stdout) {
      process.stderr.write(`daybook: cannot write to stdout: ${printableLines(error.message)}\n`)
    }
  })
}

// A project's migration may start something and not await it.
process.on('unhandledRejection', (reason) => void endWith(reason))

async function endWith(reason: unknown): Promise<void> {
  const { explain } = await import('./context/failure.ts')
  const message = printableLines(explain(reason).message)
  process.stderr.write(`daybook: a promise that nobody awaits failed: ${message}\n`)
  process.exit(Exit.failure)
}

/** The width of a terminal in columns, if a stream is one. Some do not know theirs, and say 0. */
const columnsOf = (stream: NodeJS.WriteStream): number | undefined =>
  stream.isTTY && stream.columns > 0 ? stream.columns : undefined

/** Whether a stream is a terminal with colours. NO_COLOR and FORCE_COLOR decide otherwise. */
const takesColours = (stream: NodeJS.WriteStream): boolean =>
  styleText('red', 'text', { stream }) !== 'text'

const exitCode = await runCommandLine(hideBin(process.argv), {
  print: (text) => void process.stdout.write(`${text}\n`),
  log: (text) => void process.stderr.write(`${text}\n`),
  progress: process.stderr,
  stdin: process.stdin,
  columns: columnsOf(process.stdout),
  logColumns: columnsOf(process.stderr),
  printsColours: takesColours(process.stdout),
  logsColours: takesColours(process.stderr),
  signal: interruption.signal,
})
process.exitCode = isOutputLost ? Exit.failure : exitCode
