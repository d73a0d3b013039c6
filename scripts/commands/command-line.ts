import { createRequire } from 'node:module'
import yargs, { type Argv } from 'yargs'
import { named, printableLines } from '../../src/internal.ts'
import {
  type Command,
  type CommonOptions,
  type Context,
  Exit,
  type ExitCode,
  isInstalled,
  UsageError,
  flagOption,
  textOption,
} from '../context/command.ts'
import { explain } from '../context/failure.ts'
import { withStdinNamed } from '../context/stdin.ts'
import { accountCommand } from './account.ts'
import { balancesCommand } from './balances.ts'
import { batchesCommand } from './batches.ts'
import { demoCommand } from './demo.ts'
import { exportCommand } from './export.ts'
import { formatsCommand } from './formats.ts'
import { generateCommand } from './generate.ts'
import { migrateCommand } from './migrate/migrate.ts'
import { replayCommand } from './replay/replay.ts'
import { reverseCommand } from './reverse.ts'
import { seedCommand } from './seed.ts'
import { serveCommand } from './serve.ts'
import { statementCommand } from './statement.ts'
import { transferCommand } from './transfer.ts'
import { verifyCommand } from './verify.ts'

const { version } = createRequire(import.meta.url)('daybook/package.json') as { version: string }

/** Runs the command that the parameters name and returns its exit code. Errors are logged even with `--quiet`. */
export async function runCommandLine(
  parameters: readonly string[],
  rawContext: Context,
): Promise<ExitCode> {
  const context = printableContext(rawContext)
  let exitCode: ExitCode = Exit.done
  // Only these read standard input.
  const isReplay = parameters.includes('replay') || parameters.includes('formats')
  const cli = commandLine(isReplay ? parameters.map(withStdinNamed) : parameters)
  /** The command's name, empty if no command has the name that was typed. */
  let commandName: string[] = []
  const register = <Options extends object>(command: Command<Options>): void => {
    const { describe, builder, run } = command
    const [name = ''] = [command.command].flat()[0]?.split(' ') ?? []
    if (parameters.includes(name)) commandName = [name]
    cli.command(command.command, describe, builder, async (options) => {
      exitCode = await run(options, contextFor(options, context))
    })
  }
  register(serveCommand)
  register(migrateCommand)
  register(seedCommand)
  register(generateCommand)
  register(replayCommand)
  register(formatsCommand)
  register(batchesCommand)
  register(verifyCommand)
  register(statementCommand)
  register(balancesCommand)
  register(accountCommand)
  register(exportCommand)
  register(transferCommand)
  register(reverseCommand)
  register(demoCommand)
  // An installed package has neither: bench compares with libraries that are not dependencies of the package, and soak is
  // for those who change Daybook.
  if (!isInstalled) {
    register((await import('./bench.ts')).benchCommand)
    register((await import('./soak.ts')).soakCommand)
  }

  try {
    refuseRepeatedOptions(parameters)
    await cli.parseAsync()
    return exitCode
  } catch (error) {
    const failure = explain(error)
    context.log(`daybook: ${failure.message}`)
    if (failure.exitCode === Exit.usage) {
      context.log(`See ${['daybook', ...commandName].join(' ')} --help.`)
    }
    return failure.exitCode
  }
}

/**
 * Nothing that a terminal would act on leaves a command, wherever it comes from. In JSON the escapes mean the
 * same characters. A message itself quotes the data in it, so that an end of a line there does not look like
 * another message.
 */
const printableContext = (context: Context): Context => ({
  ...context,
  print: (text) => context.print(printableLines(text)),
  log: (text) => context.log(printableLines(text)),
})

const contextFor = ({ quiet }: CommonOptions, context: Context): Context =>
  quiet ? { ...context, log: () => undefined, progress: undefined } : context

/** Options that may appear more than once. */
const REPEATABLE = new Set(['--map', '--set', '--where', '--currencies', '--directions'])

/** yargs passes an option that appears twice to its command as an array. */
function refuseRepeatedOptions(parameters: readonly string[]): void {
  const options = parameters.filter((parameter) => /^--\w/.test(parameter))
  const names = options.map((option) => option.replace(/=.*$/, ''))
  const repeated = names.find(
    (name, index) => names.indexOf(name) !== index && !REPEATABLE.has(name),
  )
  if (repeated) throw new UsageError(`${named(repeated)} appears more than once`)
}

const sameInPlural = (message: string) => ({ one: message, other: message })

/** Our wording of messages of yargs. */
const MESSAGES: Readonly<Record<string, string | { one: string; other: string }>> = {
  'Not enough non-option arguments: got %s, need at least %s': sameInPlural(
    'too few arguments: got %s, expected %s',
  ),
  'Unknown argument: %s': { one: 'unknown argument: %s', other: 'unknown arguments: %s' },
  'Invalid values:': 'invalid value',
  'Argument: %s, Given: %s, Choices: %s': '%s is %s, expected one of %s',
  'Not enough arguments following: %s': '--%s needs a value',
  'Did you mean %s?': 'unknown command. Did you mean %s?',
  'Show help': 'show this help',
  'Show version number': 'show the version',
}

const commandLine = (parameters: readonly string[]): Argv<CommonOptions> =>
  yargs(parameters)
    .scriptName('daybook')
    .version(version)
    .locale('en')
    // Some messages have a singular and a plural, which the types of yargs leave out.
    .updateStrings(MESSAGES as Record<string, string>)
    .option(
      'uri',
      textOption(
        'the MongoDB to use: a replica set or a sharded cluster [default: $MONGODB_URI, else the local database]',
      ),
    )
    .option('folder', {
      ...textOption('the folder with the data of the local database'),
      default: '.daybook',
    })
    .option(
      'ledger',
      textOption(
        'a file that names the ledger’s models and collections [default: daybook.config.ts, .js or .json, if there is one]',
      ),
    )
    .option('quiet', flagOption('print only results and errors'))
    .parserConfiguration({ 'parse-positional-numbers': false })
    .strict()
    .demandCommand(1, 'no command given')
    .recommendCommands()
    .wrap(100)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error && error.name !== 'YError') throw error
      throw new UsageError(error?.message ?? message ?? 'cannot parse the command line')
    })
