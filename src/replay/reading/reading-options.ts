import { requireFlag, requireObject } from '../../arguments.ts'
import { quote as quoted } from '../../messages.ts'
import { BATCH_FORMATS, type BatchFormat } from '../../models/batch.ts'
import { isCurrency } from '../../money/currency.ts'
import { ReplayOptionsError } from '../errors.ts'
import { isEncoding } from '../source/encoding.ts'
import { type ColumnMap, REQUIRED_ROLES, ROLES } from './columns.ts'

/** How to read a file. A batch that was interrupted must be continued with the same options. */
export interface ReadingOptions {
  /** Default: by the file's extension, else by its first character. */
  readonly format?: BatchFormat | undefined
  /**
   * The encoding of a file whose byte order mark does not show it, such as `windows-1252`, `iso-8859-15` or
   * `utf-16le`. The rejects are written in the same encoding. Default: UTF-8.
   */
  readonly encoding?: string | undefined
  /** Stands between the fields of a CSV file. Default: `,`. */
  readonly delimiter?: string | undefined
  /** Stands around fields that contain delimiters. Default: `"`; `''` if fields are never quoted. */
  readonly quote?: string | undefined
  /** The names of the columns, for a CSV file without a header. */
  readonly columns?: readonly string[] | undefined
  /** How many lines of a CSV file stand before its header, or before its first transfer if it has none. */
  readonly skip?: number | undefined
  /** Names of columns of a CSV file. The header is the first record that has all of them. Lines before it are skipped. */
  readonly header?: readonly string[] | undefined
  /** How many records at the end of a CSV file are not transfers, but totals and the like. */
  readonly skipLast?: number | undefined
  /** What lines of a CSV file that are comments start with. */
  readonly comment?: string | undefined
  /** Which column is what, if its name does not show it. */
  readonly map?: ColumnMap | undefined
  /** The currency of lines that name none. */
  readonly currency?: string | undefined
  /** Other columns to keep as metadata: `true` for all, or their names. */
  readonly keep?: boolean | readonly string[] | undefined
  /**
   * Makes cells of the rejects that look like a formula text, with an apostrophe, so that a spreadsheet can open
   * them safely. Only for CSV and TSV. Default: false, because the rejects would be replayed with the apostrophes.
   */
  readonly spreadsheet?: boolean | undefined
}

/** Throws if no file could be read with these options. */
export function checkReadingOptions(options: ReadingOptions): void {
  const { format, delimiter, quote, columns, map = {}, currency } = options
  requireTypes(options)
  if (format !== undefined && !BATCH_FORMATS.includes(format)) {
    throw new ReplayOptionsError(
      `'format' ${quoted(format)} is not a known format: use csv, tsv, jsonl or json`,
    )
  }
  checkEncoding(options.encoding)
  if (delimiter !== undefined && !/^[^\r\n"]{1,8}$/.test(delimiter)) {
    throw new ReplayOptionsError(
      `'delimiter' ${quoted(delimiter)} is not a delimiter: use 1 to 8 characters, with no quote or line end among them`,
    )
  }
  if (quote !== undefined && !/^[^\r\n\t ]?$/.test(quote)) {
    throw new ReplayOptionsError(
      `'quote' ${quoted(quote)} is not a quote: use one character that is not a space, or '' for none`,
    )
  }
  if (format === 'tsv' && delimiter !== undefined && delimiter !== '\t') {
    throw new ReplayOptionsError(
      `'format' tsv always has tabs between fields: leave out 'delimiter' ${quoted(delimiter)}, or use 'format' csv`,
    )
  }
  if (columns?.length === 0) {
    throw new ReplayOptionsError("'columns' names no column: name all columns of the file")
  }
  const unnamed = columns?.findIndex((column) => column.trim() === '') ?? -1
  if (unnamed >= 0) {
    throw new ReplayOptionsError(`'columns': column ${unnamed + 1} has no name; name every column`)
  }
  checkTransferLines(options)
  if (format?.startsWith('json')) refuseCsvOptions(options)
  const excluded = REQUIRED_ROLES.find((role) => map[role] === null)
  if (excluded !== undefined) {
    throw new ReplayOptionsError(
      `'map' says that no column is ${quoted(excluded)}: every transfer needs one`,
    )
  }
  const unknown = Object.keys(map).find((key) => !(ROLES as readonly string[]).includes(key))
  if (unknown !== undefined) {
    throw new ReplayOptionsError(
      `'map' cannot map a column to ${quoted(unknown)}: use one of ${ROLES.join(', ')}`,
    )
  }
  if (currency !== undefined && !isCurrency(currency)) {
    throw new ReplayOptionsError(
      `'currency' ${quoted(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
}

function checkEncoding(encoding: unknown): void {
  if (encoding === undefined || (typeof encoding === 'string' && isEncoding(encoding))) return
  throw new ReplayOptionsError(
    `'encoding' ${quoted(encoding)} is not a known encoding: use for example utf-8, windows-1252, iso-8859-15 or utf-16le`,
  )
}

/** The most records at the end of a file that can be skipped: they are in memory at once. */
const MAX_SKIP_LAST = 1_000

const isCount = (value: unknown, most: number): boolean =>
  value === undefined ||
  (Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most)

/** Checks the options that say which lines of a CSV file are its header and its transfers. */
function checkTransferLines({ columns, skip, header, skipLast, comment }: ReadingOptions): void {
  if (!isCount(skip, Infinity)) {
    throw new ReplayOptionsError(`'skip' ${quoted(skip)} is not a whole number of lines from 0`)
  }
  if (!isCount(skipLast, MAX_SKIP_LAST)) {
    throw new ReplayOptionsError(
      `'skipLast' ${quoted(skipLast)} is not a whole number of records from 0 to ${MAX_SKIP_LAST}`,
    )
  }
  if (comment !== undefined && !(typeof comment === 'string' && /^[^\r\n]+$/.test(comment))) {
    throw new ReplayOptionsError(
      `'comment' ${quoted(comment)} is not what a line starts with: use one or more characters such as #`,
    )
  }
  if (header === undefined) return
  if (!isList(header) || header.length === 0 || header.some((name) => name.trim() === '')) {
    throw new ReplayOptionsError(`'header' ${quoted(header)} is not a list of names of columns`)
  }
  if (columns) {
    throw new ReplayOptionsError(
      "'columns' is for a file without a header, so it cannot be combined with 'header': use one of them",
    )
  }
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string')

/** Throws if an option is not of its type, as when it comes from code without types. */
function requireTypes({ columns, map, keep, spreadsheet }: ReadingOptions): void {
  if (columns !== undefined && !isList(columns)) {
    throw new ReplayOptionsError(`'columns' ${quoted(columns)} is not a list of names`)
  }
  if (map !== undefined) requireObject(map, 'map', 'an object such as { from: COLUMN }')
  if (keep !== undefined && typeof keep !== 'boolean' && !isList(keep)) {
    throw new ReplayOptionsError(`'keep' ${quoted(keep)} is not true, false or a list of names`)
  }
  requireFlag(spreadsheet, 'spreadsheet')
}

const CSV_OPTIONS = [
  'delimiter',
  'quote',
  'columns',
  'skip',
  'header',
  'skipLast',
  'comment',
] as const

/** Throws if an option is set that has no meaning for JSON. */
export function refuseCsvOptions(options: ReadingOptions): void {
  if (options.spreadsheet) {
    throw new ReplayOptionsError("'spreadsheet' is for CSV files: leave it out for JSON")
  }
  const option = CSV_OPTIONS.find((name) => options[name] !== undefined)
  if (option === undefined) return
  throw new ReplayOptionsError(`'${option}' is for CSV files: leave it out for JSON`)
}
