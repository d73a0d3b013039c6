import { createRequire } from 'node:module'
import yargs, { type Argv } from 'yargs'
import {
  type Command,
  type CommonOptions,
  type Context,
  DEFAULT_FOLDER,
  Exit,
  type ExitCode,
  type Terminal,
  UsageError,
  flagOption,
  fileOption,
  textOption,
} from '../context/command.ts'
import { coloured, paint, plain } from '../context/paint.ts'
import { withStdinNamed } from '../context/stdin.ts'
import { listCommands, type Register } from './command-list.ts'
import { COMMON_OPTIONS, YARGS_MESSAGES } from './yargs-messages.ts'

const { version } = createRequire(import.meta.url)('daybook/package.json') as { version: string }

/** Runs the command that the parameters name and returns its exit code. Errors are logged even with `--quiet`. */
export async function runCommandLine(
  parameters: readonly string[],
  streams: Context & Terminal,
): Promise<ExitCode> {
  const context = await printableContext(streams)
  // Only these read standard input.
  const isReplay = parameters.includes('replay') || parameters.includes('formats')
  const cli = commandLine(isReplay ? parameters.map(withStdinNamed) : parameters, context.columns)
  const usages = new Map<string, string>()
  /** Lists a command, and loads it if it may be the one that is run: the others take time and memory for nothing. */
  const register: Register = async (usage, describe, load) => {
    const [name = ''] = usage.split(' ')
    usages.set(name, usage)
    if (!parameters.includes(name)) {
      cli.command(usage, describe)
      return
    }
    const loaded = await load()
    const { checkTypedOptions, requireWords } = await import('./typed-options.ts')
    const { builder, examples, unused = [] } = loaded
    const build = (argv: Argv<CommonOptions>) => {
      if (!parameters.includes('--help')) checkTypedOptions(parameters, { usage, command: loaded })
      for (const option of unused) argv.hide(option)
      argv.example(examples.map(([example, what]) => [`$0 ${example}`, what]))
      return builder(argv, parameters)
    }
    cli.command(usage, describe, build, (options) => {
      requireWords(usage, options)
      // After a handler that returns, yargs makes the text of the help, which takes longer than all else that it does.
      throw new ParsedCommand(() => runAndRemind(loaded, options, contextFor(options, context)))
    })
  }
  await listCommands(register)
  /** The name of the command, if there is one of the name that was typed. */
  const command = parameters.find((parameter) => usages.has(parameter))

  try {
    const parsed = await parse(cli)
    if (parsed instanceof ParsedCommand) return await parsed.run()
    const { _: typed, help, version: isVersion } = parsed
    if (typed.includes('help') || help || isVersion) return Exit.done
    context.print(await cli.getHelp())
    return Exit.usage
  } catch (error) {
    const { explain } = await import('../context/failure.ts')
    const failure = explain(error)
    let { message } = failure
    if (error instanceof YargsRefusal) {
      const { explainUsage } = await import('./usage-messages.ts')
      const [help = ''] = (await cli.getHelp()).split('\nExamples:')
      message = explainUsage(message, {
        parameters,
        usage: usages.get(command ?? '') ?? '',
        commands: [...usages.keys()],
        options: [...help.matchAll(/^ +(?:-\w, )?--([\w-]+)/gm)].map(([, option = '']) => option),
      })
    }
    context.log(`${paint.bad('daybook:')} ${message}`)
    if (failure.exitCode === Exit.usage) {
      context.log(
        `See ${['daybook', ...(command === undefined ? [] : [command])].join(' ')} --help.`,
      )
    }
    return failure.exitCode
  }
}

/** Ends the parsing with the command that is to be run. */
class ParsedCommand extends Error {
  readonly run: () => Promise<ExitCode>
  constructor(run: () => Promise<ExitCode>) {
    super('the command line is parsed')
    this.run = run
  }
}

/** Parses the command line, and returns the command that it names, or the options if it names none. */
async function parse(cli: Argv<CommonOptions>) {
  try {
    return await cli.parseAsync()
  } catch (reason) {
    if (reason instanceof ParsedCommand) return reason
    throw reason
  }
}

/** The command line is not as yargs expects it. */
class YargsRefusal extends UsageError {}

/** Runs a command. The last line of a dry run says that it was one, where a long result does not scroll it away. */
async function runAndRemind<Options extends object>(
  { run, unused = [] }: Command<Options>,
  options: Parameters<Command<Options>['run']>[0],
  context: Context,
): Promise<ExitCode> {
  const exitCode = await run(options, context)
  if ('dry-run' in options && options['dry-run'] === true) {
    const what = unused.includes('uri') ? 'nothing was written' : 'the database was not changed'
    context.log(paint.warning(`dry run: ${what}`))
  }
  return exitCode
}

/**
 * Nothing that a terminal would act on leaves a command, wherever it comes from, except our own colours. In JSON the
 * escapes mean the same characters. A message itself quotes the data in it, so that an end of a line there does not look
 * like another message.
 */
async function printableContext({
  logColumns,
  printsColours = false,
  logsColours = false,
  ...context
}: Context & Terminal): Promise<Context> {
  const printed = printsColours ? coloured : plain
  const logged = logsColours ? coloured : plain
  // Only a terminal needs the widths of texts, which take time to load.
  const wrapping = logColumns === undefined ? undefined : await import('../context/wrapping.ts')
  return {
    ...context,
    print: (text) => context.print(printed(text)),
    log: (text) => context.log(logged(wrapping?.wrapText(text, logColumns) ?? text)),
  }
}

const contextFor = ({ quiet }: CommonOptions, context: Context): Context =>
  quiet ? { ...context, log: () => undefined, progress: undefined } : context

/** In columns. Longer lines are hard to read. */
const WIDEST_HELP = 100

const commandLine = (parameters: readonly string[], columns = 80): Argv<CommonOptions> =>
  yargs(parameters)
    .scriptName('daybook')
    .version(version)
    .locale('en')
    // Some messages have a singular and a plural, which the types of yargs leave out.
    .updateStrings(YARGS_MESSAGES as Record<string, string>)
    .option(
      'uri',
      textOption(
        'the MongoDB to use: a replica set or a sharded cluster [default: $MONGODB_URI, else the local database]',
      ),
    )
    .option('folder', {
      ...fileOption('the folder with the data of the local database'),
      default: DEFAULT_FOLDER,
    })
    .option(
      'ledger',
      fileOption(
        'a file that names the ledger’s models and collections [default: daybook.config.ts, .js or .json, if there is one]',
      ),
    )
    .option('quiet', flagOption('print only results and errors'))
    .example([
      ['$0 demo', 'migrate, seed, replay and verify on a local database'],
      ['$0 replay january.csv --dry-run', 'what a file would post'],
    ])
    .parserConfiguration({ 'parse-positional-numbers': false, 'dot-notation': false })
    .strict()
    .group(COMMON_OPTIONS, 'Options of every command:')
    .wrap(Math.min(columns, WIDEST_HELP))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      if (error && error.name !== 'YError') throw error
      throw new YargsRefusal(error?.message ?? message ?? 'cannot parse the command line')
    })
