import type { BatchFile, BatchFileOptions, Reject } from './batch-file.ts'
import { findColumns } from './columns.ts'
import { type Dialect, csvField, csvRecords, fieldsOf, withoutFields } from './csv.ts'
import { BatchFileError } from './errors.ts'
import { linesOf } from './lines.ts'
import type { RawRecord, RecordBlocks } from './record.ts'
import { type Row, type RowColumns, idMaker, keptColumns, requestOf } from './row.ts'
import type { Source } from './source.ts'

/** The columns that stand first in a file of rejects. They are left out when it is replayed. */
const MARKS = ['code', 'message', 'line']

/** Opens a file of separated values: finds out what its columns hold. */
export async function openSeparated(
  source: Source,
  dialect: Dialect,
  { batch, reading, options }: BatchFileOptions,
): Promise<BatchFile> {
  const all = () =>
    csvRecords(linesOf(source.bytes(), source.name, dialect.quote), dialect, source.name)
  const header = options.columns ? undefined : await readHeader(all(), source, dialect)
  const names = options.columns ?? (header as Header).names
  const marks = MARKS.every((mark, index) => names[index] === mark) ? MARKS.length : 0
  const columns = names.slice(marks)
  const place = header && { line: header.line }
  const found = findColumns(columns, { map: options.map ?? {} })
  if ('problem' in found) {
    throw new BatchFileError(source.name, found.problem + hint(columns, dialect), place)
  }
  const kept = keptColumns(columns, found.indexes, options.keep ?? false)
  if ('problem' in kept) throw new BatchFileError(source.name, kept.problem, place)
  const rowColumns: RowColumns = { indexes: found.indexes, kept }
  const makeId = found.indexes.transferId === undefined ? idMaker(batch) : undefined
  const { currency } = options

  return {
    reading,
    rejects: rejectsFormat({ columns, dialect, hasMadeIds: makeId !== undefined }),
    async *records() {
      let isHeader = header !== undefined
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
      const madeId = makeId?.(record)
      const refused = (problem: string) => ({
        position,
        line,
        item,
        text: record.damage ? oneField(text, dialect) : text,
        problem: linesBefore(record) + problem,
        madeId,
      })
      if (record.problem !== undefined) return refused(record.problem)
      const fields = fieldsOf(record, dialect)
      if (fields.length !== names.length) return refused(widthProblem(fields.length, record, names))
      const request = requestOf((index) => trimmed(fields[index + marks] as string), rowColumns, {
        transferId: madeId,
        currency,
      })
      return { position, line, item, text, request, madeId }
    },
  }
}

interface Header {
  readonly line: number
  readonly names: readonly string[]
}

async function readHeader(
  records: RecordBlocks,
  source: Source,
  dialect: Dialect,
): Promise<Header> {
  for await (const [record] of records) {
    if (!record) continue
    const { line } = record
    if (record.problem !== undefined)
      throw new BatchFileError(source.name, record.problem, { line })
    if (record.text.includes('\r')) {
      const problem = 'the lines end in CR alone: save the file with line ends LF or CRLF'
      throw new BatchFileError(source.name, problem, { line })
    }
    return { line, names: fieldsOf(record, dialect).map(trimmed) }
  }
  throw new BatchFileError(
    source.name,
    'the file is empty: a header was expected, then a transfer a line',
  )
}

/** What may be wrong where a header falls into one column. */
function hint(columns: readonly string[], { delimiter }: Dialect): string {
  const other = [',', ';', '\t', '|'].find(
    (each) => each !== delimiter && columns.length === 1 && columns[0]?.includes(each),
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

function widthProblem(width: number, { lastLine }: RawRecord, names: readonly string[]): string {
  const what = lastLine === undefined ? 'line' : 'record'
  const counts = `the ${what} has ${width} field${width === 1 ? '' : 's'} and ${names.length} are expected`
  return width < names.length
    ? `${counts}: field ${width + 1} (${JSON.stringify(names[width])}) is missing`
    : `${counts}: field ${names.length + 1} is one too many`
}

/** A text without the spaces and tabs at its ends. */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return end - start === text.length ? text : text.slice(start, end)
}

const isBlank = (character: number): boolean => character === 32 || character === 9

function rejectsFormat({
  columns,
  dialect,
  hasMadeIds,
}: {
  columns: readonly string[]
  dialect: Dialect
  hasMadeIds: boolean
}) {
  const written = (fields: readonly string[]) =>
    fields.map((field) => csvField(field, dialect)).join(dialect.delimiter)
  const ids = hasMadeIds ? ['transferId'] : []
  return {
    head: `${written([...MARKS, ...ids, ...columns])}\n`,
    separator: '\n',
    tail: '\n',
    write({ code, message, line, transferId, text }: Reject): string {
      const made = hasMadeIds ? [transferId ?? ''] : []
      return `${written([code, message, String(line), ...made])}${dialect.delimiter}${text}`
    },
  }
}
