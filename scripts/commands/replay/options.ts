import type { ReplayOptions } from '../../../src/index.ts'
import {
  type Command,
  type Context,
  flagOption,
  jsonOption,
  fileOption,
  textOption,
  wholeNumber,
} from '../../context/command.ts'
import {
  type ReadingCommandOptions,
  defineReadingOptions,
  type readingOptions,
} from '../reading/options.ts'

export interface ReplayCommandOptions extends ReadingCommandOptions {
  files: string[]
  as: string | undefined
  transform: string | undefined
  rejects: string | undefined
  spreadsheet: boolean
  'on-error': 'continue' | 'stop' | undefined
  'max-errors': number | undefined
  atomic: boolean
  retry: boolean
  restore: boolean
  report: string | undefined
  'dry-run': boolean
  json: boolean
}

export const defineReplayOptions: Command<ReplayCommandOptions>['builder'] = (yargs) =>
  defineReadingOptions(yargs)
    .positional('files', {
      describe: 'CSV, TSV, JSON Lines or JSON files, also gzipped; - is the standard input',
      type: 'string',
      array: true,
      default: [],
    })
    .option('as', textOption('the name of the batch [default: the name of the file]'))
    .option(
      'transform',
      fileOption(
        'a file in TypeScript or JavaScript that exports a function transform, from a record to its transfers or actions on holds',
      ),
    )
    .option(
      'rejects',
      fileOption(
        'write the refused lines to this file in the format of the input, to correct and replay them; also with --dry-run',
      ),
    )
    .option(
      'spreadsheet',
      flagOption(
        'with --rejects: put an apostrophe before cells that look like a formula. Such a file is for a spreadsheet, not for a replay',
      ),
    )
    .option('on-error', {
      describe: 'what to do at a refused line [default: continue]',
      choices: ['continue', 'stop'] as const,
      requiresArg: true,
    })
    .option(
      'max-errors',
      wholeNumber('max-errors', {
        least: 0,
        describe: 'allow this many refused lines, and stop before the next',
      }),
    )
    .option('atomic', flagOption('post the whole file, or nothing if a line is refused'))
    .option(
      'retry',
      flagOption(
        'post the refused lines of a batch that is finished again, under the same ids, when their cause is gone',
      ),
    )
    .option(
      'restore',
      flagOption(
        'take over the transfers of a file that daybook export wrote, as they were posted',
      ),
    )
    .option(
      'report',
      textOption(
        'write a page about the batch to this file, to read in a browser; an earlier report is replaced',
      ),
    )
    .option('dry-run', flagOption('show what would happen and write nothing but the rejects'))
    .option('json', jsonOption)

/** The options of a call of `replay()` for one of the files. `reading` says how it is read. */
export const replayOptions = (
  file: string,
  { options, reading }: { options: ReplayCommandOptions; reading: FileReading },
  { stdin, signal }: Pick<Context, 'stdin' | 'signal'>,
): ReplayOptions => ({
  ...reading,
  file,
  stdin,
  signal,
  name: options.as,
  rejects: options.rejects,
  spreadsheet: options.spreadsheet,
  onError: options['on-error'],
  maxErrors: options['max-errors'],
  atomic: options.atomic,
  retry: options.retry,
  restore: options.restore,
  dryRun: options['dry-run'],
})

type FileReading = Awaited<ReturnType<typeof readingOptions>>
