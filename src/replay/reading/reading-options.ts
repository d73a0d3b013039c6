import { quote as quoted } from '../../messages.ts'
import { isCurrency } from '../../money/currency.ts'
import { refuse } from '../errors.ts'
import { type ColumnMap, REQUIRED_ROLES, ROLES } from './columns.ts'

const FORMATS = ['csv', 'tsv', 'jsonl', 'json'] as const

/** The formats that can be read. */
export type Format = (typeof FORMATS)[number]

/** How a file is to be read. A batch is read in one way from its beginning to its end. */
export interface ReadingOptions {
  /** By the file's extension unless given, else by its first character. `json` is an array, or a value a line. */
  readonly format?: 'csv' | 'tsv' | 'jsonl' | 'json' | undefined
  /** Between the fields of a CSV file: `,` unless given. */
  readonly delimiter?: string | undefined
  /** Around fields that hold delimiters: `"` unless given, `''` for none. */
  readonly quote?: string | undefined
  /** The columns' names, for a CSV file that has no header. */
  readonly columns?: readonly string[] | undefined
  /** Which column holds what, for what its name does not tell. */
  readonly map?: ColumnMap | undefined
  /** For the lines that name no currency. */
  readonly currency?: string | undefined
  /** Columns with no other use to keep as metadata: all, or those named. */
  readonly keep?: boolean | readonly string[] | undefined
}

/** Refuses what no file could be read with. */
export function checkReadingOptions(options: ReadingOptions): void {
  const { format, delimiter, quote, columns, map = {}, currency } = options
  if (format !== undefined && !FORMATS.includes(format)) {
    refuse((of) => `${of('format')} is csv, tsv, jsonl or json, and ${quoted(format)} is not`)
  }
  if (delimiter !== undefined && !/^[^\r\n"]{1,8}$/.test(delimiter)) {
    refuse(
      (of) =>
        `a delimiter is 1–8 characters on one line with no quote among them, and ${of('delimiter')} ${quoted(delimiter)} is not`,
    )
  }
  if (quote !== undefined && !/^[^\r\n\t ]?$/.test(quote)) {
    refuse(
      (of) =>
        `a quote is one character that is no space, or none, and ${of('quote')} ${quoted(quote)} is not`,
    )
  }
  if (format === 'tsv' && delimiter !== undefined && delimiter !== '\t') {
    refuse(
      (of) =>
        `${of('format')} tsv is delimited by tabs, so ${of('delimiter')} ${quoted(delimiter)} is for ${of('format')} csv`,
    )
  }
  if (columns?.length === 0) refuse((of) => `${of('columns')} names no column`)
  const unnamed = columns?.findIndex((column) => column.trim() === '') ?? -1
  if (unnamed >= 0) {
    refuse((of) => `${of('columns')}: column ${unnamed + 1} has no name, and each needs one`)
  }
  if (format?.startsWith('json')) refuseForJson(options)
  const without = REQUIRED_ROLES.find((role) => map[role] === null)
  if (without !== undefined) {
    refuse((of) => `${of('map')} says that no column is the ${without}, which every transfer has`)
  }
  const role = Object.keys(map).find((key) => !(ROLES as readonly string[]).includes(key))
  if (role !== undefined) {
    refuse(
      (of) =>
        `a column cannot be mapped as ${quoted(role)} by ${of('map')}: ${ROLES.join(', ')} are known`,
    )
  }
  if (currency !== undefined && !isCurrency(currency)) {
    refuse(
      (of) =>
        `${of('currency')} ${quoted(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
}

export function refuseForJson({ delimiter, quote, columns }: ReadingOptions): void {
  if (delimiter === undefined && quote === undefined && columns === undefined) return
  refuse(
    (of) =>
      `${of('delimiter')}, ${of('quote')} and ${of('columns')} are for CSV files: JSON has none`,
  )
}
