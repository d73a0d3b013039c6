import { quote } from '../errors.ts'
import type { BatchFile, BatchFileOptions } from './batch-file.ts'
import { findColumns } from './columns.ts'
import { csvRecords, fieldsOf } from './csv.ts'
import { csvRejects, rejectsColumns } from './csv-rejects.ts'
import { type Dialect, csvField, trimmed, withoutFields } from './dialect.ts'
import { BatchFileError } from './errors.ts'
import { linesOf } from './lines.ts'
import { MARKS } from './marks.ts'
import type { RawRecord, RecordBlocks } from './record.ts'
import { type Row, type RowColumns, idMaker, keptColumns, requestOf } from './row.ts'
import type { Source } from './source.ts'

/** Opens a file of separated values: finds out what its columns hold. */
export async function openSeparated(
  source: Source,
  dialect: Dialect,
  { batch, reading, options }: BatchFileOptions,
): Promise<BatchFile> {
  const { map = {}, keep = false, currency } = options
  const all = () =>
    csvRecords(linesOf(source.bytes(), source.name, dialect.quote), dialect, source.name)
  const header = await readHeader(all(), source, { dialect, columns: options.columns })
  const { columns, marks } = header
  const fail = (problem: string): never => {
    throw new BatchFileError(source.name, problem, header.record && { line: header.record.line })
  }
  const found = findColumns(columns, { map })
  if ('problem' in found) return fail(found.problem + hint(header, dialect))
  const kept = keptColumns(columns, found.indexes, keep)
  if ('problem' in kept) return fail(kept.problem)
  const rowColumns: RowColumns = { indexes: found.indexes, kept }
  const hasIds = found.indexes.transferId !== undefined
  const makeId = hasIds ? undefined : idMaker(batch)

  return {
    reading,
    hasIds,
    rejects: csvRejects(columns, { dialect, hasIds }),
    async *records() {
      let isHeader = header.record !== undefined
      for await (const block of all()) {
        if (isHeader && block.length > 0) {
          isHeader = false
          block.shift()
        }
        yield block
      }
    },
    row(record: RawRecord, position): Row {
      const { line, item } = record
      const text = marks === 0 ? record.text : withoutFields(record.text, marks, dialect)
      const refused = (problem: string) => ({
        position,
        line,
        item,
        text: record.damage ? oneField(text, dialect) : text,
        problem: linesBefore(record) + problem,
        madeId: makeId?.(record),
      })
      if (record.problem !== undefined) return refused(record.problem)
      const fields = fieldsOf(record, dialect)
      if (fields.length !== marks + columns.length) {
        return refused(widthProblem(fields.length, record, header))
      }
      const value = (index: number) => trimmed(fields[index + marks] as string)
      const madeId = makeId?.(record)
      const request = requestOf(value, rowColumns, { madeId, currency })
      return { position, line, item, text, request, madeId }
    },
  }
}

/** What names the columns of a file. */
interface Header {
  /** The record that does; absent in a file without a header. */
  readonly record?: RawRecord
  /** How many fields of each record stand before its own: those that a file of rejects begins with. */
  readonly marks: number
  readonly columns: readonly string[]
}

async function readHeader(
  records: RecordBlocks,
  source: Source,
  { dialect, columns }: { dialect: Dialect; columns: readonly string[] | undefined },
): Promise<Header> {
  const record = await firstOf(records)
  if (!record) {
    const expected = columns
      ? 'a transfer a line was expected'
      : 'a header was expected, then a transfer a line'
    throw new BatchFileError(source.name, `the file is empty: ${expected}`)
  }
  const fail = (problem: string): never => {
    throw new BatchFileError(source.name, problem, { line: record.line })
  }
  const names = fieldsOf(record, dialect).map(trimmed)
  const isBroken = !record.fields || record.problem !== undefined
  if (/\r(?!\n)/.test(record.text) && isBroken && names.length !== columns?.length) {
    return fail('the lines end in CR alone: save the file with line ends LF or CRLF')
  }
  if (columns) {
    const own = columns.map(trimmed)
    // The rejects of a file without a header have one.
    const isHeader = [true, false].some((hasIds) => isEqual(names, rejectsColumns(own, hasIds)))
    return isHeader
      ? { record, marks: MARKS.length, columns: names.slice(MARKS.length) }
      : { marks: 0, columns: own }
  }
  const isMarked = isEqual(names.slice(0, MARKS.length), MARKS)
  const marks = isMarked ? MARKS.length : 0
  const header = { record, marks, columns: names.slice(marks) }
  if (record.problem !== undefined) return fail(record.problem + hint(header, dialect))
  return header
}

const isEqual = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each, index) => each === others[index])

async function firstOf(records: RecordBlocks): Promise<RawRecord | undefined> {
  for await (const [record] of records) if (record) return record
  return undefined
}

/** What may be wrong where a header does not fall into the columns that are looked for. */
function hint({ record, columns }: Header, { delimiter }: Dialect): string {
  const { text = '' } = record ?? {}
  if (/^\s*[[{]/.test(text)) return '; this seems to be JSON: say so with --format json'
  const other = [',', ';', '\t', '|'].find(
    (each) => each !== delimiter && columns.length === 1 && text.includes(each),
  )
  return other === undefined
    ? ''
    : `; the fields seem to be delimited by ${JSON.stringify(other)}: say so with --delimiter`
}

/** A problem's beginning that says which lines it is about, where a record has several. */
const linesBefore = ({ line, lastLine }: RawRecord): string =>
  lastLine === undefined ? '' : `lines ${line}–${lastLine}: `

/** What is left of a damaged record: as fields it might be taken for the record that it was. */
const oneField = (text: string, dialect: Dialect): string =>
  csvField(text.replaceAll('\0', '\uFFFD'), dialect)

function widthProblem(width: number, { lastLine }: RawRecord, { marks, columns }: Header): string {
  const what = lastLine === undefined ? 'line' : 'record'
  const expected = marks + columns.length
  const counts = `the ${what} has ${width} field${width === 1 ? '' : 's'} and ${expected} are expected`
  return width < expected
    ? `${counts}: field ${width + 1} (${quote(columns[width - marks] ?? MARKS[width])}) is missing`
    : `${counts}: field ${expected + 1} is one too many`
}
