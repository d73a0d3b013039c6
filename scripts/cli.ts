#!/usr/bin/env node
import process from 'node:process'
import { hideBin } from 'yargs/helpers'
import { runCommandLine } from './command-line.ts'
import { Exit } from './context/command.ts'
import { explain } from './context/failure.ts'

const interruption = new AbortController()
/** npm and tsx pass on a Ctrl-C that the terminal has sent already: what comes at once counts as one. */
const IMPATIENT_AFTER_MS = 1_000
let interruptedAt: number | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruptedAt ??= performance.now()
    interruption.abort()
    if (performance.now() - interruptedAt < IMPATIENT_AFTER_MS) return
    if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR)
    process.exit(Exit.interrupted)
  })
}
const SHOW_CURSOR = '\u001B[?25h'

let isOutputLost = false
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe, such as `head`, has seen enough; the work is done and tidied up all the same.
    if (error.code === 'EPIPE') return
    // So it is where the disk is full, but not everything was said.
    isOutputLost = true
    process.exitCode = Exit.failure
    if (stream === process.stdout) process.stderr.write(`daybook: stdout: ${error.message}\n`)
  })
}

// A project's migration may leave something behind that nobody awaits.
process.on('unhandledRejection', (reason) => {
  process.stderr.write(
    `daybook: something that was not awaited failed: ${explain(reason).message}\n`,
  )
  process.exit(Exit.failure)
})

const exitCode = await runCommandLine(hideBin(process.argv), {
  print: (text) => void process.stdout.write(`${text}\n`),
  log: (text) => void process.stderr.write(`${text}\n`),
  progress: process.stderr,
  stdin: process.stdin,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  signal: interruption.signal,
})
process.exitCode = isOutputLost ? Exit.failure : exitCode
