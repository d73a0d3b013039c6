import { requireFlag, requireObject } from '../../arguments.ts'
import { quote as quoted } from '../../messages.ts'
import { BATCH_FORMATS } from '../../models/batch.ts'
import { isCurrency } from '../../money/currency.ts'
import { ReplayOptionsError } from '../errors.ts'
import { isEncoding } from '../source/encoding.ts'
import { isStatement, requiredRoles } from './columns.ts'
import type { ReadingOptions } from './reading-options.ts'
import { HOLD_ROLES, ROLES, type Role, isRole } from './roles.ts'
import { checkValueOptions } from './value-option-checks.ts'

/** Throws if no file could be read with these options. */
export function checkReadingOptions(options: ReadingOptions): void {
  const { format, delimiter, quote, columns, map = {}, set = {}, currency } = options
  requireTypes(options)
  if (format !== undefined && !BATCH_FORMATS.includes(format)) {
    throw new ReplayOptionsError(
      `'format' ${quoted(format)} is not a known format: use csv, tsv, jsonl or json, or the object that readFormatFile() returns`,
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
  checkAt(options)
  if (format?.startsWith('json')) refuseCsvOptions(options)
  checkRoles('map', map)
  checkRoles('set', set)
  const required = requiredRoles({ map, set }).filter((role) => set[role] === undefined)
  const excluded = required.find((role) => map[role] === null && !isInSides(role, options))
  if (excluded !== undefined) {
    throw new ReplayOptionsError(
      `'map' says that no column is ${quoted(excluded)}: every transfer needs one`,
    )
  }
  checkSides(options)
  if (currency !== undefined && !isCurrency(currency)) {
    throw new ReplayOptionsError(
      `'currency' ${quoted(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
  checkValueOptions(options)
}

function checkRoles(option: 'map' | 'set', roles: object): void {
  const unknown = Object.keys(roles).find((key) => !isRole(key))
  if (unknown === undefined) return
  const what = option === 'map' ? 'map a column to' : 'set a text for'
  throw new ReplayOptionsError(
    `'${option}' cannot ${what} ${quoted(unknown)}: use one of ${ROLES.join(', ')}`,
  )
}

/** Whether a statement has its amounts in `debit` and `credit`. */
const isInSides = (role: Role, { map = {}, set = {} }: ReadingOptions): boolean =>
  role === 'amount' &&
  [map.debit, map.credit, set.debit, set.credit].some((each) => typeof each === 'string')

/** Throws if the roles contradict each other. */
function checkSides({ map = {}, set = {} }: ReadingOptions): void {
  const named = ROLES.filter((role) => typeof map[role] === 'string' || set[role] !== undefined)
  const first = (roles: readonly Role[]) => named.find((role) => roles.includes(role))
  const side = first(['from', 'to'])
  if (isStatement({ map, set }) && side !== undefined) {
    const other = first(['account', 'counterparty', 'debit', 'credit', 'direction'])
    throw new ReplayOptionsError(
      `'map' and 'set' name both ${side} and ${other}: use from and to, or account and counterparty`,
    )
  }
  const ofHolds = first(HOLD_ROLES)
  if (isStatement({ map, set }) && ofHolds !== undefined) {
    throw new ReplayOptionsError(
      `'map' and 'set' name ${ofHolds}, but the lines of a statement are transfers: use from and to, or read the file with 'transform'`,
    )
  }
  const [inSides, inOne] = [first(['debit', 'credit']), first(['amount', 'direction'])]
  if (inSides !== undefined && inOne !== undefined) {
    throw new ReplayOptionsError(
      `'map' and 'set' name both ${inSides} and ${inOne}: the amounts are in debit and credit, or in amount`,
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

function checkAt(options: ReadingOptions): void {
  const { at, format } = options
  if (at !== undefined && !(typeof at === 'string' && at.split('.').every((key) => key !== ''))) {
    throw new ReplayOptionsError(
      `'at' ${quoted(at)} is not the dotted name of an array, such as transactions.booked`,
    )
  }
  if (format === 'csv' || format === 'tsv') refuseJsonOptions(options)
}

/** Throws if an option is set that has no meaning for CSV. */
export function refuseJsonOptions({ at }: ReadingOptions): void {
  if (at === undefined) return
  throw new ReplayOptionsError(
    "'at' is for JSON files: leave it out for CSV, or add 'format' json if the file is JSON",
  )
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === 'string')

/** Throws if an option is not of its type, as when it comes from code without types. */
function requireTypes({ columns, map, set, keep, spreadsheet }: ReadingOptions): void {
  if (columns !== undefined && !isList(columns)) {
    throw new ReplayOptionsError(`'columns' ${quoted(columns)} is not a list of names`)
  }
  if (map !== undefined) requireObject(map, 'map', 'an object such as { from: COLUMN }')
  if (set !== undefined) requireObject(set, 'set', 'an object such as { from: TEXT }')
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
