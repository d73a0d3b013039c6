import { quote } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import { linesOf } from '../../source/lines.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import type { BatchFile, BatchFileOptions } from '../batch-file.ts'
import { findColumns } from '../columns.ts'
import { REJECT_COLUMNS } from '../reject-columns.ts'
import { type Row, type RowColumns, idMaker, keptColumns, requestOf } from '../row.ts'
import { type Header, headerHint, readHeader } from './csv-header.ts'
import { csvRecords, fieldsOf } from './csv-records.ts'
import { csvRejects } from './csv-rejects.ts'
import { type Dialect, csvField, trimmed, withoutFirstFields } from './dialect.ts'

interface CsvFileOptions extends BatchFileOptions {
  /** The line before the header that names the delimiter for Excel (`sep=;`), with its line end; or empty. */
  readonly separatorLine: string
}

/** Opens a file of separated values: reads its header and finds the column of each role. */
export async function openCsvFile(
  source: Source,
  dialect: Dialect,
  { batch, reading, options, separatorLine }: CsvFileOptions,
): Promise<BatchFile> {
  const { map = {}, keep = false, currency } = options
  const { name: file, encoding } = source
  const lineOptions = { quote: dialect.quote, encoding: encoding.name }
  const readRecords = () =>
    withoutSeparatorLine(csvRecords(linesOf(source.bytes(), file, lineOptions), dialect, file))
  const header = await readHeader(readRecords(), {
    file,
    dialect,
    encoding,
    columns: options.columns,
  })
  const { columns, rejectColumnCount, hasMadeIds } = header
  const fail = (problem: string): never => {
    throw new BatchFileError(file, problem, header.record && { line: header.record.line })
  }
  const found = findColumns(columns, { map })
  if ('problem' in found) return fail(found.problem + headerHint(header, dialect, map))
  const kept = keptColumns(columns, found.indexes, keep)
  if ('problem' in kept) return fail(kept.problem)
  const rowColumns: RowColumns = { indexes: found.indexes, kept }
  const hasOwnIds = found.indexes.transferId !== undefined
  const makeId = hasOwnIds ? undefined : idMaker(batch, encoding)
  /** The id for a record of a file without ids: the one that an earlier batch made for it, or a new one. */
  const madeIdOf = (record: RawRecord, fields: readonly string[]) =>
    makeId && ((hasMadeIds && trimmed(fields[REJECT_COLUMNS.length] ?? '')) || makeId(record))

  return {
    reading,
    hasIds: hasOwnIds || hasMadeIds,
    rejects: csvRejects(columns, {
      dialect,
      hasIds: hasOwnIds,
      separatorLine,
      isForSpreadsheet: options.spreadsheet ?? false,
    }),
    async *records() {
      let isHeader = header.record !== undefined
      for await (const block of readRecords()) {
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
      const text =
        rejectColumnCount === 0
          ? record.text
          : withoutFirstFields(record.text, rejectColumnCount, dialect)
      const refused = (problem: string) => ({
        position,
        line,
        item,
        text: record.damage ? asOneField(text, dialect) : text,
        problem: linesPrefix(record) + problem,
        madeId,
      })
      if (record.problem !== undefined) return refused(record.problem)
      if (fields.length !== rejectColumnCount + columns.length) {
        return refused(fieldCountProblem(fields.length, record, header))
      }
      const value = (index: number) => trimmed(fields[index + rejectColumnCount] as string)
      const request = requestOf(value, rowColumns, { madeId, currency })
      return { position, line, item, text, request, madeId }
    },
  }
}

/** The line before the header that names the delimiter for Excel. */
const SEPARATOR_LINE = /^"?sep=.?"?$/i

async function* withoutSeparatorLine(records: RecordBlocks): RecordBlocks {
  let isFirst = true
  for await (const block of records) {
    if (isFirst && block.length > 0) {
      isFirst = false
      if (SEPARATOR_LINE.test(block[0]?.text ?? '')) block.shift()
    }
    yield block
  }
}

const linesPrefix = ({ line, lastLine }: RawRecord): string =>
  lastLine === undefined ? '' : `lines ${line}–${lastLine}: `

/** What is left of a damaged record, as one field. Written as it was, it could be taken for a whole record. */
const asOneField = (text: string, dialect: Dialect): string =>
  csvField(text.replaceAll('\0', '\uFFFD'), dialect)

function fieldCountProblem(
  count: number,
  { lastLine }: RawRecord,
  { rejectColumnCount, columns }: Header,
): string {
  const what = lastLine === undefined ? 'line' : 'record'
  const expected = rejectColumnCount + columns.length
  const found = `the ${what} has ${count} field${count === 1 ? '' : 's'} but ${expected} are expected`
  if (count > expected) return `${found}: field ${expected + 1} is one too many`
  const missing = columns[count - rejectColumnCount]
  const name = missing === undefined ? 'a column of a file of rejects' : quote(missing)
  return `${found}: field ${count + 1} (${name}) is missing`
}
