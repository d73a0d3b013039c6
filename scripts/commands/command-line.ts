import { createRequire } from 'node:module'
import yargs, { type Argv } from 'yargs'
import { named, printableLines } from '../../src/internal.ts'
import {
  type CommonOptions,
  type Context,
  Exit,
  type ExitCode,
  UsageError,
  flagOption,
  textOption,
} from '../context/command.ts'
import { withStdinNamed } from '../context/stdin.ts'
import { listCommands, type Register } from './command-list.ts'

const { version } = createRequire(import.meta.url)('daybook/package.json') as { version: string }

/** Runs the command that the parameters name and returns its exit code. Errors are logged even with `--quiet`. */
export async function runCommandLine(
  parameters: readonly string[],
  rawContext: Context,
): Promise<ExitCode> {
  const context = printableContext(rawContext)
  let runCommand: (() => Promise<ExitCode>) | undefined
  // Only these read standard input.
  const isReplay = parameters.includes('replay') || parameters.includes('formats')
  const cli = commandLine(isReplay ? parameters.map(withStdinNamed) : parameters)
  /** The command's name, empty if no command has the name that was typed. */
  let commandName: string[] = []
  /** Lists a command, and loads it if it may be the one that is run: the others take time and memory for nothing. */
  const register: Register = async (usage, describe, load) => {
    const [name = ''] = usage.split(' ')
    if (!parameters.includes(name)) {
      cli.command(usage, describe)
      return
    }
    commandName = [name]
    const { builder, run } = await load()
    cli.command(usage, describe, builder, (options) => {
      // If yargs itself ran it, it would first make the text of the help, which takes longer than all else that it does.
      runCommand = () => run(options, contextFor(options, context))
    })
  }
  await listCommands(register)

  try {
    refuseRepeatedOptions(parameters)
    await cli.parseAsync()
    return (await runCommand?.()) ?? Exit.done
  } catch (error) {
    const { explain } = await import('../context/failure.ts')
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
