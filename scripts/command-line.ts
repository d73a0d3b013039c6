import { createRequire } from 'node:module'
import yargs, { type Argv } from 'yargs'
import { accountCommand } from './commands/account.ts'
import { batchesCommand } from './commands/batches.ts'
import { demoCommand } from './commands/demo.ts'
import { generateCommand } from './commands/generate.ts'
import { migrateCommand } from './commands/migrate/migrate.ts'
import { replayCommand } from './commands/replay/replay.ts'
import { reverseCommand } from './commands/reverse.ts'
import { seedCommand } from './commands/seed.ts'
import { serveCommand } from './commands/serve.ts'
import { statementCommand } from './commands/statement.ts'
import { transferCommand } from './commands/transfer.ts'
import { verifyCommand } from './commands/verify.ts'
import {
  type Command,
  type CommonOptions,
  type Context,
  Exit,
  type ExitCode,
  isInstalled,
  UsageError,
} from './context/command.ts'
import { explain } from './context/failure.ts'
import { withStdinNamed } from './context/stdin.ts'

const { version } = createRequire(import.meta.url)('daybook/package.json') as { version: string }

/** Does what a command line says; gives the exit code. What went wrong is told, also under `--quiet`. */
export async function runCommandLine(
  parameters: readonly string[],
  world: Context,
): Promise<ExitCode> {
  let exitCode: ExitCode = Exit.done
  // No other command reads what it is given there.
  const isReplay = parameters.includes('replay')
  const cli = commandLine(isReplay ? parameters.map(withStdinNamed) : parameters)
  /** The command that is asked for, where there is one of that name. */
  let named: string[] = []
  const register = <Options extends object>(command: Command<Options>): void => {
    const { describe, builder, run } = command
    const [name = ''] = [command.command].flat()[0]?.split(' ') ?? []
    if (parameters.includes(name)) named = [name]
    cli.command(command.command, describe, builder, async (options) => {
      exitCode = await run(options, contextOf(options, world))
    })
  }
  register(serveCommand)
  register(migrateCommand)
  register(seedCommand)
  register(generateCommand)
  register(replayCommand)
  register(batchesCommand)
  register(verifyCommand)
  register(statementCommand)
  register(accountCommand)
  register(transferCommand)
  register(reverseCommand)
  register(demoCommand)
  // Not for those who install the package: what it measures beside is no dependency of theirs.
  if (!isInstalled) register((await import('./commands/bench.ts')).benchCommand)

  try {
    refuseRepetition(parameters)
    await cli.parseAsync()
    return exitCode
  } catch (error) {
    const failure = explain(error)
    world.log(`daybook: ${failure.message}`)
    if (failure.exitCode === Exit.usage) world.log(`See ${['daybook', ...named].join(' ')} --help.`)
    return failure.exitCode
  }
}

const contextOf = ({ quiet }: CommonOptions, world: Context): Context =>
  quiet ? { ...world, log: () => undefined, progress: undefined } : world

/** An option that is given twice would reach its command as a list. */
function refuseRepetition(parameters: readonly string[]): void {
  const names = parameters.filter((parameter) => /^--\w/.test(parameter))
  const given = names.map((name) => name.replace(/=.*$/, ''))
  const twice = given.find((name, index) => given.indexOf(name) !== index)
  if (twice) throw new UsageError(`${twice} is given twice`)
}

const commandLine = (parameters: readonly string[]): Argv<CommonOptions> =>
  yargs(parameters)
    .scriptName('daybook')
    .version(version)
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
