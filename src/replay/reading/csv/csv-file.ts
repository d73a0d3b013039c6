import { quote } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import { linesOf } from '../../source/lines.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import type { BatchFile, BatchFileOptions } from '../batch-file.ts'
import { type ColumnMap, REQUIRED_ROLES, candidateColumns, findColumns } from '../columns.ts'
import { MADE_ID_COLUMN, REJECT_COLUMNS } from '../reject-columns.ts'
import { type Row, type RowColumns, idMaker, keptColumns, requestOf } from '../row.ts'
import { csvRejects, rejectsColumns } from './csv-rejects.ts'
import { csvRecords, fieldsOf } from './csv-records.ts'
import { type Dialect, csvField, trimmed, withoutFields } from './dialect.ts'

/** Opens a file of separated values: finds out what its columns hold. */
export async function openCsvFile(
  source: Source,
  dialect: Dialect,
  { batch, reading, options, preface }: BatchFileOptions & { readonly preface: string },
): Promise<BatchFile> {
  const { map = {}, keep = false, currency } = options
  const all = () =>
    withoutPreface(
      csvRecords(linesOf(source.bytes(), source.name, dialect.quote), dialect, source.name),
    )
  const header = await readHeader(all(), source, { dialect, columns: options.columns })
  const { columns, marks, hasMadeIds } = header
  const fail = (problem: string): never => {
    throw new BatchFileError(source.name, problem, header.record && { line: header.record.line })
  }
  const found = findColumns(columns, { map })
  if ('problem' in found) return fail(found.problem + hint(header, dialect, map))
  const kept = keptColumns(columns, found.indexes, keep)
  if ('problem' in kept) return fail(kept.problem)
  const rowColumns: RowColumns = { indexes: found.indexes, kept }
  const hasOwnIds = found.indexes.transferId !== undefined
  const makeId = hasOwnIds ? undefined : idMaker(batch)
  /** The id of a record that has none of its own: what an earlier batch made for it, or this one does. */
  const madeIdOf = (record: RawRecord, fields: readonly string[]) =>
    makeId && ((hasMadeIds && trimmed(fields[REJECT_COLUMNS.length] ?? '')) || makeId(record))

  return {
    reading,
    hasIds: hasOwnIds || hasMadeIds,
    rejects: csvRejects(columns, { dialect, hasIds: hasOwnIds, preface }),
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
      const fields = fieldsOf(record, dialect)
      const madeId = madeIdOf(record, fields)
      const text = marks === 0 ? record.text : withoutFields(record.text, marks, dialect)
      const refused = (problem: string) => ({
        position,
        line,
        item,
        text: record.damage ? oneField(text, dialect) : text,
        problem: linesBefore(record) + problem,
        madeId,
      })
      if (record.problem !== undefined) return refused(record.problem)
      if (fields.length !== marks + columns.length) {
        return refused(widthProblem(fields.length, record, header))
      }
      const value = (index: number) => trimmed(fields[index + marks] as string)
      const request = requestOf(value, rowColumns, { madeId, currency })
      return { position, line, item, text, request, madeId }
    },
  }
}

/** The line by which Excel tells the delimiter. */
const PREFACE = /^"?sep=.?"?$/i

/** Records without what stands before the header. */
async function* withoutPreface(records: RecordBlocks): RecordBlocks {
  let isFirst = true
  for await (const block of records) {
    if (isFirst && block.length > 0) {
      isFirst = false
      if (PREFACE.test(block[0]?.text ?? '')) block.shift()
    }
    yield block
  }
}

/** What names the columns of a file. */
interface Header {
  /** The record that does; absent in a file without a header. */
  readonly record?: RawRecord
  /** How many fields of each record stand before its own: those that a file of rejects begins with. */
  readonly marks: number
  /** Whether the last of these is the id that a batch has made. */
  readonly hasMadeIds: boolean
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
  /** A name as a file of rejects has it: without quotes, not all can be written. */
  const asWritten = (name: string) => trimmed(dialect.quote === '' ? csvField(name, dialect) : name)
  const isBroken = !record.fields || record.problem !== undefined
  if (/\r(?!\n)/.test(record.text) && isBroken && names.length !== columns?.length) {
    return fail('the lines end in CR alone: save the file with line ends LF or CRLF')
  }
  if (columns) {
    const own = columns.map(trimmed)
    // The rejects of a file without a header have one.
    const isHeader = [true, false].some((hasIds) =>
      isEqual(names, rejectsColumns(own, hasIds).map(asWritten)),
    )
    return { ...(isHeader ? { record } : {}), ...marksIn(isHeader ? names : []), columns: own }
  }
  const marked = marksIn(names)
  const header = { record, ...marked, columns: names.slice(marked.marks) }
  if (record.problem !== undefined) return fail(record.problem + hint(header, dialect, {}))
  return header
}

/** The marks that a header begins with. */
function marksIn(names: readonly string[]): Pick<Header, 'marks' | 'hasMadeIds'> {
  const isMarked = isEqual(names.slice(0, REJECT_COLUMNS.length), REJECT_COLUMNS)
  const hasMadeIds = isMarked && names[REJECT_COLUMNS.length] === MADE_ID_COLUMN
  return { marks: isMarked ? REJECT_COLUMNS.length + Number(hasMadeIds) : 0, hasMadeIds }
}

const isEqual = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each, index) => each === others[index])

async function firstOf(records: RecordBlocks): Promise<RawRecord | undefined> {
  for await (const [record] of records) if (record) return record
  return undefined
}

/** What may be wrong where a header does not fall into the columns that are looked for. */
function hint({ record, columns }: Header, { delimiter }: Dialect, map: ColumnMap): string {
  if (!record) return ''
  const { text } = record
  if (/^\s*[[{]/.test(text)) return '; this seems to be JSON: say so with --format json'
  const other = [',', ';', '\t', '|'].find((each) => {
    const parts = text.split(each).length
    return each !== delimiter && parts > columns.length && (parts > 2 || columns.length === 1)
  })
  if (other !== undefined) {
    return `; the fields seem to be delimited by ${JSON.stringify(other)}: say so with --delimiter`
  }
  return REQUIRED_ROLES.some((role) => candidateColumns(columns, role, { map }).length > 0)
    ? ''
    : '; the first line must be the header: take away what stands before it, or give --columns where there is none'
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
    ? `${counts}: field ${width + 1} (${quote(columns[width - marks] ?? 'a mark')}) is missing`
    : `${counts}: field ${expected + 1} is one too many`
}
