import type { BatchFormat } from '../../models/batch.ts'
import type { ColumnMap, RoleTexts } from './columns.ts'
import type { OpenMissing } from './open-missing.ts'
import type { AmountSpelling } from './values/amounts.ts'
import type { Conditions } from './values/conditions.ts'
import type { Directions } from './values/directions.ts'

/**
 * How to read a file. This is also what a format file contains. A batch that was interrupted must be continued with
 * the same options.
 */
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
  /** The dotted name of the array with the transfers, in a JSON file that has it within an object. */
  readonly at?: string | undefined
  /**
   * Which column is what, if its name does not show it. A file of transfers has `from` and `to`. The statement of an
   * account has `account` and `counterparty`, and one of these: an `amount` whose sign says which way the money went
   * (negative: it left the account), an `amount` and a `direction`, or a `debit` and a `credit`.
   */
  readonly map?: ColumnMap | undefined
  /**
   * Texts for what no column has. `{COLUMN}` stands for a column's value, `{ONE|OTHER}` for the first that is not
   * empty. Beside a column in `map`, the text is for the lines in which that column is empty.
   */
  readonly set?: RoleTexts | undefined
  /**
   * Texts for fields of the ledger's own, as in `set`: `{ tenantId: '{Mandant}' }`. A column with exactly the name of a field
   * is that field, unless there is a text for it, or null.
   */
  readonly fields?: Readonly<Record<string, string | null>> | undefined
  /** Which lines are transfers, by the values of columns. The others are skipped and counted. */
  readonly where?: Conditions | undefined
  /** The mark before the decimals of amounts. Default: `.`. */
  readonly decimal?: AmountSpelling['decimal'] | undefined
  /** What separates thousands in amounts. A space stands for every kind of space. Default: nothing. */
  readonly thousands?: AmountSpelling['thousands'] | undefined
  /** Whether the amounts in the column `debit` are negative. Default: false. */
  readonly signedDebit?: boolean | undefined
  /** The words of the column `direction`. Default: debit and credit in the usual spellings, Af and Bij, Soll and Haben. */
  readonly directions?: Directions | undefined
  /** Skips and counts lines with an amount of zero. Default: false, so that they are refused. */
  readonly skipZero?: boolean | undefined
  /** The currency of lines that name none. */
  readonly currency?: string | undefined
  /** Words of the file for currencies: `{ 'US Dollar': 'USD' }`. */
  readonly currencies?: Readonly<Record<string, string>> | undefined
  /**
   * The form of the dates in `effectiveAt`: `dd.MM.yyyy HH:mm`, or `unix` and `unix-ms` for the time since 1970.
   * Default: the forms that begin with the year, such as those of ISO 8601, and those with the month's English name.
   */
  readonly dateFormat?: string | undefined
  /** The time zone of dates that do not have one: `Europe/Berlin` or `+02:00`. Default: UTC. */
  readonly timeZone?: string | undefined
  /** Cuts references that are too long, instead of refusing the line. Default: false. */
  readonly cutReference?: boolean | undefined
  /**
   * Makes the ids of the values of these roles or columns, and of how often equal values came before in the file. So
   * files that overlap post only what is new.
   */
  readonly idFrom?: readonly string[] | undefined
  /** Stands before each id that comes from the file or from `idFrom`. */
  readonly idPrefix?: string | undefined
  /**
   * Opens the accounts that a line names and that do not exist, together with its transfer. `true` opens them with
   * nothing in them; an object says how, with texts in which `{COLUMN}` stands for a column's value.
   * @example
   * openMissing: { holder: '{Name}', counterparty: { overdraftLimit: 'unlimited' } }
   */
  readonly openMissing?: boolean | OpenMissing | undefined
  /** Other columns to keep as metadata: `true` for all, or their names. */
  readonly keep?: boolean | readonly string[] | undefined
  /**
   * Makes cells of the rejects that look like a formula text, with an apostrophe, so that a spreadsheet can open
   * them safely. Only for CSV and TSV. Default: false, because the rejects would be replayed with the apostrophes.
   */
  readonly spreadsheet?: boolean | undefined
}

/**
 * The options that decide what a file means, as text. Equal options give equal text. Options that 0.1.0 did not have
 * are in it only if they are set, so that batches which it started can be continued.
 */
export function readingText(
  options: Record<string, unknown>,
  { map = {}, ...others }: ReadingOptions,
): string {
  const added = Object.fromEntries(
    NEW_OPTIONS.filter((name) => !isDefault(name, others[name])).map((name) => [
      name,
      sorted(others[name]),
    ]),
  )
  return JSON.stringify({ ...options, map: sorted(map), ...added })
}

/**
 * The text of the options that a batch is retried with. It is that of the batch if they differ only in the accounts that
 * are opened: a batch that was replayed before its accounts existed is retried with them.
 */
export function readingOfRetry(stored: string, reading: string): string {
  return withoutOpening(stored) === withoutOpening(reading) ? stored : reading
}

/** Whether a text is of the options that a file is read with. A notebook's adoption keeps other ones in its batch. */
export const isReadingOfFile = (reading: string): boolean => /"map":[{[]/.test(reading)

function withoutOpening(reading: string): string {
  const { openMissing: _, ...others } = JSON.parse(reading) as Record<string, unknown>
  return JSON.stringify(others)
}

/** The options since 0.1.0 that decide what a file means, in the order in which they stand in the text. */
const NEW_OPTIONS = [
  'skip',
  'header',
  'skipLast',
  'comment',
  'at',
  'set',
  'where',
  'decimal',
  'thousands',
  'signedDebit',
  'directions',
  'skipZero',
  'currencies',
  'dateFormat',
  'timeZone',
  'cutReference',
  'idFrom',
  'idPrefix',
  'openMissing',
  'fields',
] as const satisfies readonly (keyof ReadingOptions)[]

const DEFAULTS: Readonly<Record<string, unknown>> = {
  skip: 0,
  skipLast: 0,
  decimal: '.',
  thousands: '',
  timeZone: 'UTC',
  idPrefix: '',
}

function isDefault(name: string, value: unknown): boolean {
  if (value === undefined || value === false || value === DEFAULTS[name]) return true
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** A value with the keys of its objects in order. What is undefined is left out. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  entries.sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]))
}
