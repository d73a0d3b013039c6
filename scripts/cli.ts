#!/usr/bin/env node
import process from 'node:process'
import v8 from 'node:v8'
import yargs, { type Argv } from 'yargs'
import { hideBin } from 'yargs/helpers'
import { withStdinNamed } from './stdin.ts'
import {
  type Command,
  type CommonOptions,
  type Context,
  Exit,
  type ExitCode,
  UsageError,
} from './command.ts'
import { explain } from './failure.ts'
import { accountCommand } from './account.ts'
import { batchesCommand } from './batches.ts'
import { demoCommand } from './demo.ts'
import { generateCommand } from './generate.ts'
import { isInstalled } from './installation.ts'
import { migrateCommand } from './migrate.ts'
import { replayCommand } from './replay.ts'
import { reverseCommand } from './reverse.ts'
import { seedCommand } from './seed.ts'
import { serveCommand } from './serve.ts'
import { statementCommand } from './statement.ts'
import { transferCommand } from './transfer.ts'
import { verifyCommand } from './verify.ts'

// Left alone the heap grows to twice what a replay of a million lines needs, and is never given back.
v8.setFlagsFromString('--heap-growing-percent=50')

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

const contextOf = ({ quiet }: CommonOptions): Context => ({
  print: (text) => void process.stdout.write(`${text}\n`),
  tell: (text) => void (quiet || process.stderr.write(`${text}\n`)),
  progress: quiet ? undefined : process.stderr,
  stdin: process.stdin,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  signal: interruption.signal,
})

let exitCode: ExitCode = Exit.done

/** An option that is given twice would reach its command as a list. */
function refuseRepetition(parameters: readonly string[]): void {
  const names = parameters.filter((parameter) => /^--\w/.test(parameter))
  const given = names.map((name) => name.replace(/=.*$/, ''))
  const twice = given.find((name, index) => given.indexOf(name) !== index)
  if (twice) throw new UsageError(`${twice} is given twice`)
}

const register = <Options extends object>(
  cli: Argv<CommonOptions>,
  { command, describe, builder, run }: Command<Options>,
): void => {
  cli.command(command, describe, builder, async (options) => {
    exitCode = await run(options, contextOf(options))
  })
}

const cli: Argv<CommonOptions> = yargs(hideBin(process.argv).map(withStdinNamed))
  .scriptName('daybook')
  .locale('en')
  .option('uri', {
    describe:
      'MongoDB to work on, a replica set or a sharded cluster [default: $MONGODB_URI, else the local database]',
    type: 'string',
    requiresArg: true,
  })
  .option('folder', {
    describe: 'where the local database keeps its data',
    type: 'string',
    default: '.daybook',
    requiresArg: true,
  })
  .option('quiet', {
    describe: 'say nothing but results and errors',
    type: 'boolean',
    default: false,
  })
  .parserConfiguration({ 'parse-positional-numbers': false })
  .strict()
  .demandCommand(1, 'which command?')
  .recommendCommands()
  .wrap(100)
  .exitProcess(false)
  .fail((message: string | null, error: Error | undefined) => {
    if (error && error.name !== 'YError') throw error
    throw new UsageError(error?.message ?? message ?? 'the command line cannot be understood')
  })
register(cli, serveCommand)
register(cli, migrateCommand)
register(cli, seedCommand)
register(cli, generateCommand)
register(cli, replayCommand)
register(cli, batchesCommand)
register(cli, verifyCommand)
register(cli, statementCommand)
register(cli, accountCommand)
register(cli, transferCommand)
register(cli, reverseCommand)
register(cli, demoCommand)
// Not for those who install the package: what it measures beside is no dependency of theirs.
if (!isInstalled) register(cli, (await import('./bench.ts')).benchCommand)

try {
  refuseRepetition(hideBin(process.argv))
  await cli.parseAsync()
} catch (error) {
  const failure = explain(error)
  process.stderr.write(`daybook: ${failure.message}\n`)
  exitCode = failure.exitCode
}
process.exitCode = isOutputLost ? Exit.failure : exitCode
