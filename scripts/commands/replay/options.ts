import type { BatchFormat, ReplayOptions } from '../../../src/index.ts'
import { BATCH_FORMATS } from '../../../src/internal.ts'
import {
  type Command,
  type Context,
  flagOption,
  jsonOption,
  textOption,
  wholeNumber,
} from '../../context/command.ts'
import { readDelimiter, readKeep, readMap, readNames } from './option-values.ts'

export interface ReplayCommandOptions {
  files: string[]
  as: string | undefined
  format: BatchFormat | undefined
  encoding: string | undefined
  delimiter: string | undefined
  quote: string | undefined
  columns: string[] | undefined
  skip: number | undefined
  header: string[] | undefined
  'skip-last': number | undefined
  comment: string | undefined
  at: string | undefined
  map: Record<string, string | null> | undefined
  currency: string | undefined
  keep: true | string[] | undefined
  transform: string | undefined
  rejects: string | undefined
  spreadsheet: boolean
  'on-error': 'continue' | 'stop' | undefined
  'max-errors': number | undefined
  atomic: boolean
  retry: boolean
  'dry-run': boolean
  json: boolean
}

export const defineReplayOptions: Command<ReplayCommandOptions>['builder'] = (yargs) =>
  yargs
    .positional('files', {
      describe: 'CSV, TSV, JSON Lines or JSON files, also gzipped; - is the standard input',
      type: 'string',
      array: true,
      default: [],
    })
    .option('as', textOption('the name of the batch [default: the name of the file]'))
    .option('format', {
      describe: 'the format, if the file’s extension does not show it',
      choices: BATCH_FORMATS,
      requiresArg: true,
    })
    .option(
      'encoding',
      textOption(
        'the encoding of a file without a byte order mark, such as windows-1252 [default: utf-8]',
      ),
    )
    .option('delimiter', {
      ...textOption('what is between the fields of a CSV file [default: ,]'),
      coerce: readDelimiter,
    })
    .option('quote', textOption('what is around the quoted fields of a CSV file [default: "]'))
    .option('columns', {
      ...textOption('the names of the columns of a CSV file without a header: from,to,amount'),
      coerce: readNames,
    })
    .option(
      'skip',
      wholeNumber('skip', { least: 0, describe: 'how many lines stand before the header' }),
    )
    .option('header', {
      ...textOption('columns that the header has; the lines before it are skipped: Date,Amount'),
      coerce: readNames,
    })
    .option(
      'skip-last',
      wholeNumber('skip-last', {
        least: 0,
        describe: 'how many records at the end are not transfers, but totals and the like',
      }),
    )
    .option('comment', textOption('what lines that are comments start with'))
    .option(
      'at',
      textOption('the array with the transfers in a JSON object, such as transactions.booked'),
    )
    .option('map', {
      ...textOption('which column is what: from=nameOrig,to=nameDest,amount=amount,transferId=id'),
      coerce: readMap,
    })
    .option('currency', textOption('the currency of lines that do not name one'))
    .option('keep', {
      describe: 'keep other columns as metadata: all, or only those listed',
      type: 'string',
      coerce: readKeep,
    })
    .option(
      'transform',
      textOption(
        'a file in TypeScript or JavaScript that exports a function transform, from a record to its transfers',
      ),
    )
    .option(
      'rejects',
      textOption(
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
    .option('dry-run', flagOption('show what would happen and write nothing but the rejects'))
    .option('json', jsonOption)

/** The options of a call of `replay()` for one of the files. */
export const replayOptions = (
  file: string,
  options: ReplayCommandOptions,
  { stdin, signal }: Pick<Context, 'stdin' | 'signal'>,
): ReplayOptions => ({
  file,
  stdin,
  signal,
  name: options.as,
  format: options.format,
  encoding: options.encoding,
  delimiter: options.delimiter,
  quote: options.quote,
  columns: options.columns,
  skip: options.skip,
  header: options.header,
  skipLast: options['skip-last'],
  comment: options.comment,
  at: options.at,
  map: options.map,
  currency: options.currency,
  keep: options.keep,
  rejects: options.rejects,
  spreadsheet: options.spreadsheet,
  onError: options['on-error'],
  maxErrors: options['max-errors'],
  atomic: options.atomic,
  retry: options.retry,
  dryRun: options['dry-run'],
})

/** The name of an option of `replay()` on the command line. */
const commandLineName = (option: string): string =>
  option === 'name'
    ? '--as'
    : `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** A message of a {@link ReplayOptionsError} with the options' names on the command line. */
export const withCommandLineNames = (message: string): string =>
  message.replaceAll(/'(\w+)'/g, (_, option: string) => commandLineName(option))
