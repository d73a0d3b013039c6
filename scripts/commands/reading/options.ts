import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Argv } from 'yargs'
import { type ReadingOptions, readFormatFile } from '../../../src/index.ts'
import { BATCH_FORMATS, didYouMean, named } from '../../../src/internal.ts'
import {
  type CommonOptions,
  fileOption,
  textOption,
  UsageError,
  wholeNumber,
} from '../../context/command.ts'
import {
  readCurrencies,
  readDelimiter,
  readDirections,
  readFields,
  readKeep,
  readMap,
  readNames,
  readOpenMissing,
  readSet,
  readWhere,
} from './option-values.ts'

/** The options of every command that reads a file of transfers. */
export interface ReadingCommandOptions {
  format: string | undefined
  'format-file': string | undefined
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
  set: Record<string, string> | undefined
  fields: Record<string, string | null> | undefined
  where: ReadingOptions['where']
  decimal: string | undefined
  thousands: string | undefined
  'signed-debit': boolean | undefined
  directions: ReadingOptions['directions']
  'skip-zero': boolean | undefined
  currency: string | undefined
  currencies: Record<string, string> | undefined
  'date-format': string | undefined
  'time-zone': string | undefined
  'cut-reference': boolean | undefined
  'id-from': string[] | undefined
  'id-prefix': string | undefined
  'open-missing': ReadingOptions['openMissing']
  keep: true | string[] | undefined
}

/** An option without a value that is undefined if it is not given, so that a format file can say it too. */
const formatFlag = (describe: string) => ({ describe, type: 'boolean' }) as const

export const defineReadingOptions = (
  yargs: Argv<CommonOptions>,
): Argv<CommonOptions & ReadingCommandOptions> =>
  yargs
    .option(
      'format',
      textOption(
        'csv, tsv, jsonl or json, if the file’s extension does not show it; or NAME for the format file formats/NAME.json',
      ),
    )
    .option(
      'format-file',
      fileOption('a JSON file with these options; those given beside it win over it'),
    )
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
      isRepeatable: true,
      ...textOption('which column is what: from=nameOrig,to=nameDest,amount=amount,transferId=id'),
      coerce: readMap,
    })
    .option('set', {
      isRepeatable: true,
      ...textOption('texts for what no column has: account=BANK,to={Bank}-{Number}; repeatable'),
      coerce: readSet,
    })
    .option('fields', {
      isRepeatable: true,
      ...textOption('texts for fields of your own: tenantId={Mandant},branch=NORTH; repeatable'),
      coerce: readFields,
    })
    .option('where', {
      isRepeatable: true,
      ...textOption('read only lines with status=booked, or without type!=FEE; repeatable'),
      coerce: readWhere,
    })
    .option('decimal', textOption('the mark before the decimals of amounts: . or , [default: .]'))
    .option(
      'thousands',
      textOption("what separates thousands in amounts: , . ' or a space [default: nothing]"),
    )
    .option('signed-debit', formatFlag('the amounts of the column debit are negative'))
    .option('directions', {
      isRepeatable: true,
      ...textOption(
        'the words of the column direction: out=Af,in=Bij. Of amounts that are positive if money left: out=+,in=-',
      ),
      coerce: readDirections,
    })
    .option('skip-zero', formatFlag('skip lines with an amount of zero instead of refusing them'))
    .option('currency', textOption('the currency of lines that do not name one'))
    .option('currencies', {
      isRepeatable: true,
      ...textOption('words for currencies: "US Dollar"=USD,Euro=EUR; repeatable'),
      coerce: readCurrencies,
    })
    .option('date-format', textOption('the form of the dates: dd.MM.yyyy HH:mm, or unix'))
    .option(
      'time-zone',
      textOption('the zone of dates that have none: Europe/Berlin or +02:00 [default: UTC]'),
    )
    .option('cut-reference', formatFlag('cut references that are too long'))
    .option('id-from', {
      ...textOption('make ids of these values, so that files may overlap: date,from,to,amount'),
      coerce: readNames,
    })
    .option('id-prefix', textOption('what stands before each id: 2026-02-'))
    .option('open-missing', {
      describe:
        'open accounts that do not exist with the transfer that names them: as they come, or as in holder={Name},to.overdraftLimit=unlimited',
      type: 'string',
      coerce: readOpenMissing,
    })
    .option('keep', {
      describe: 'keep other columns as metadata: those listed, or all if none is',
      type: 'string',
      coerce: readKeep,
    })

type FileFormat = (typeof BATCH_FORMATS)[number]

const isFileFormat = (format: string): format is FileFormat =>
  (BATCH_FORMATS as readonly string[]).includes(format)

/** The options of a call of the library, together with those of the format file. */
export async function readingOptions(
  options: ReadingCommandOptions,
): Promise<Omit<ReadingOptions, 'format'> & { readonly format?: FileFormat | ReadingOptions }> {
  const { 'format-file': path, format } = options
  if (path !== undefined && format !== undefined) {
    throw new UsageError(
      isFileFormat(format)
        ? `--format cannot be combined with --format-file: write "format": "${format}" into the file`
        : '--format NAME cannot be combined with --format-file: both name a format file',
    )
  }
  const found =
    path !== undefined
      ? await readFormatFile(path)
      : format === undefined || isFileFormat(format)
        ? format
        : await formatNamed(format)
  return {
    ...(found !== undefined && { format: found }),
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
    set: options.set,
    fields: options.fields,
    where: options.where,
    decimal: options.decimal as ReadingOptions['decimal'],
    thousands: options.thousands as ReadingOptions['thousands'],
    signedDebit: options['signed-debit'],
    directions: options.directions,
    skipZero: options['skip-zero'],
    currency: options.currency,
    currencies: options.currencies,
    dateFormat: options['date-format'],
    timeZone: options['time-zone'],
    cutReference: options['cut-reference'],
    idFrom: options['id-from'],
    idPrefix: options['id-prefix'],
    openMissing: options['open-missing'],
    keep: options.keep,
  }
}

const FORMATS_FOLDER = 'formats'

/** The format in `formats/NAME.json` of the working folder. */
async function formatNamed(name: string): Promise<ReadingOptions> {
  const files: string[] = await readdir(FORMATS_FOLDER).catch(() => [])
  const file = `${name}.json`
  if (files.includes(file)) return await readFormatFile(join(FORMATS_FOLDER, file))
  const known = files
    .filter((each) => each.endsWith('.json'))
    .map((each) => named(each.replace(/\.json$/, '')))
  const names = [...BATCH_FORMATS, ...known]
  throw new UsageError(
    `--format ${named(name)}: there is no file ${named(join(FORMATS_FOLDER, file))}. Use ${names.join(', ')}, or name any file with --format-file${didYouMean(name, names)}`,
  )
}

/** The name of an option of the library on the command line. */
const commandLineName = (option: string): string =>
  option === 'name'
    ? '--as'
    : `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** A message of a {@link ReplayOptionsError} with the options' names on the command line. */
export const withCommandLineNames = (message: string): string =>
  message.replaceAll(/'(\w+)'/g, (_, option: string) => commandLineName(option))
