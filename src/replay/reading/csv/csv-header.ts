import { BatchFileError } from '../../errors.ts'
import { quote } from '../../../messages.ts'
import type { Encoding } from '../../source/encoding.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import { candidateColumns, requiredRoles } from '../columns.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { MADE_ID_COLUMN, REJECT_COLUMNS } from '../reject-columns.ts'
import { fieldsOf } from './csv-records.ts'
import { columnsOfRejects } from './csv-rejects.ts'
import { type Dialect, csvField, trimmed } from './dialect.ts'
import { areValuesOfTransfer } from './missing-header.ts'

/** The names of a file's columns, and where they come from. */
export interface Header {
  /** The record with the names; undefined if the file has no header. */
  readonly record?: RawRecord
  /** How many columns stand before the file's own: more than 0 in a file of rejects. */
  readonly rejectColumnCount: number
  /** Whether the last of those is the column of made ids. */
  readonly hasMadeIds: boolean
  /** The file's own columns. */
  readonly columns: readonly string[]
}

interface HeaderOptions {
  readonly file: string
  readonly dialect: Dialect
  readonly encoding: Encoding
  /** How many lines were skipped. */
  readonly skip: number
  /** The columns of a file without a header. */
  readonly columns: readonly string[] | undefined
}

/** What ends a line elsewhere. */
const OTHER_LINE_END = /[\v\f\u0085\u2028\u2029]/

/** Another line end that a header is followed by: then all lines would be the header. Undefined if it is in a name. */
function otherLineEnd(text: string, { delimiter }: Dialect): string | undefined {
  const [header = '', line = ''] = text.split(OTHER_LINE_END)
  const fields = header.split(delimiter).length
  const isLine = fields > 1 && fields === line.split(delimiter).length
  return isLine ? text.charAt(header.length) : undefined
}

/** Reads the header, which is the first record unless the options name the columns. */
export async function readHeader(
  records: RecordBlocks,
  { file, dialect, encoding, skip, columns }: HeaderOptions,
): Promise<Header> {
  const record = await firstOf(records)
  if (!record) {
    const expected = columns ? 'one transfer a line' : 'a header, then one transfer a line'
    const found = skip === 0 ? 'the file is empty' : `nothing follows the ${skip} skipped lines`
    throw new BatchFileError(file, `${found}: expected ${expected}`)
  }
  const fail = (problem: string): never => {
    throw new BatchFileError(file, problem, { line: record.line })
  }
  const names = fieldsOf(record, dialect).map(trimmed)
  const isBroken = !record.fields || record.problem !== undefined
  if (/\r(?!\n)/.test(record.text) && isBroken && names.length !== columns?.length) {
    return fail('the lines end in CR only: save the file with line ends LF or CRLF')
  }
  const lineEnd = otherLineEnd(record.text, dialect)
  if (lineEnd !== undefined && names.length !== columns?.length) {
    return fail(`the lines end in ${quote(lineEnd)}: save the file with line ends LF or CRLF`)
  }
  if (columns) {
    const own = columns.map(trimmed)
    /** A name as a file of rejects writes it. Without quotes, or in its encoding, some characters are replaced. */
    const asWritten = (name: string) =>
      trimmed(encoding.asWritten(dialect.quote === '' ? csvField(name, dialect) : name))
    // A file of rejects has a header even if the file that it was made from had none.
    const isHeader = [true, false].some((hasIds) =>
      isEqual(names, columnsOfRejects(own, hasIds).map(asWritten)),
    )
    return {
      ...(isHeader ? { record } : {}),
      ...rejectColumnsIn(isHeader ? names : []),
      columns: own,
    }
  }
  const found = rejectColumnsIn(names)
  const header = { record, ...found, columns: names.slice(found.rejectColumnCount) }
  if (record.problem !== undefined) return fail(record.problem + headerHint(header, dialect))
  return header
}

/** The reject columns that a header starts with. */
function rejectColumnsIn(
  names: readonly string[],
): Pick<Header, 'rejectColumnCount' | 'hasMadeIds'> {
  const count = REJECT_COLUMNS.length
  if (!isEqual(names.slice(0, count), REJECT_COLUMNS)) {
    return { rejectColumnCount: 0, hasMadeIds: false }
  }
  const hasMadeIds = names[count] === MADE_ID_COLUMN
  return { rejectColumnCount: count + Number(hasMadeIds), hasMadeIds }
}

const isEqual = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each, index) => each === others[index])

async function firstOf(records: RecordBlocks): Promise<RawRecord | undefined> {
  for await (const [record] of records) if (record) return record
  return undefined
}

/** What to do with a file of another kind, by the start of its first line; undefined if nothing shows that it is one. */
export function foreignFileProblem({ record }: Header): string | undefined {
  const found = FOREIGN_FILES.find(([pattern]) => pattern.test(record?.text ?? ''))
  if (!found) return undefined
  const [, name, remedy] = found
  return `this looks like ${name}, which is not a table of transfers: ${remedy}`
}

const SAVE_AS_CSV =
  'export it as CSV from where it comes, or open it in a spreadsheet and save it as CSV in UTF-8'

const FOREIGN_FILES: readonly (readonly [RegExp, string, string])[] = [
  [/^\s*<(?:!doctype html|html|table)\b/i, 'HTML', SAVE_AS_CSV],
  [
    /^\s*<(?:\?xml\b|\w+(?:\s[^>]*xmlns|>\s*$))/,
    'XML',
    'read it with --transform, as examples/transforms/camt053.ts does',
  ],
  [/^(?:\{1:|:20:)/, 'MT940', 'read it with --transform, as examples/transforms/mt940.ts does'],
  [/^OFXHEADER\b/, 'OFX', 'export it as CSV from where it comes, or read it with --transform'],
  [/^!Type:/i, 'QIF', 'export it as CSV from where it comes, or read it with --transform'],
  [/^%PDF-/, 'PDF', 'export it as CSV from where it comes'],
]

/**
 * The likely reason why a header does not have the expected columns, to add to a problem; empty if none is
 * known.
 */
export function headerHint(
  { record, columns }: Header,
  { delimiter }: Dialect,
  { map = {}, set = {} }: ReadingOptions = {},
): string {
  if (!record) return ''
  const { text } = record
  if (/^\s*[[{]/.test(text)) return '; this looks like JSON: add --format json'
  const other = [',', ';', '\t', '|'].find((each) => {
    const parts = text.split(each).length
    return each !== delimiter && parts > columns.length && (parts > 2 || columns.length === 1)
  })
  if (other !== undefined) {
    const separator = JSON.stringify(other)
    return `; the fields seem to be separated by ${separator}: add --delimiter ${separator}`
  }
  if (areValuesOfTransfer(columns)) {
    return '; the first line seems to be a transfer: name the columns of a file without a header with --columns NAMES'
  }
  return requiredRoles({ map, set }).some(
    (role) => set[role] !== undefined || candidateColumns(columns, role, { map }).length > 0,
  )
    ? ''
    : '; the first line must be the header: for lines before it add --skip COUNT or --header COLUMNS, and for a file without one --columns NAMES'
}
