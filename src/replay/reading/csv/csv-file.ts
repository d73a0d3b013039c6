import { countOf, quote } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import { linesOf } from '../../source/lines.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import type { BatchFile, BatchFileOptions } from '../batch-file.ts'
import { compileColumns } from '../record-reader.ts'
import { REJECT_COLUMNS } from '../reject-columns.ts'
import { RowMaker } from '../row-maker.ts'
import type { Row } from '../row.ts'
import { ZoneUse } from '../zone-use.ts'
import { type Header, foreignFileProblem, headerHint, readHeader } from './csv-header.ts'
import { csvRecords, fieldsOf } from './csv-records.ts'
import { csvRejects } from './csv-rejects.ts'
import { transferInHeader } from './missing-header.ts'
import { likelyHeaderLine, linesAfter, transferLines, withoutLast } from './transfer-lines.ts'
import { type Dialect, csvField, trimmed, withoutFirstFields } from './dialect.ts'

interface CsvFileOptions extends BatchFileOptions {
  /** The line before the header that names the delimiter for Excel (`sep=;`), with its line end; or empty. */
  readonly separatorLine: string
}

/** Opens a file of separated values: reads its header and finds the column of each role. */
export async function openCsvFile(
  source: Source,
  dialect: Dialect,
  { batch, reading, options, transform, ownFields, separatorLine }: CsvFileOptions,
): Promise<BatchFile> {
  const { name: file, encoding } = source
  const allLines = () =>
    linesOf(source.bytes(), file, { quote: dialect.quote, encoding: encoding.name })
  const { skip, skipLast, comment } = await transferLines(
    { file, dialect, lines: allLines },
    options,
  )
  const lines = skip === 0 ? allLines : () => linesAfter(skip, allLines())
  const readRecords = () => withoutSeparatorLine(csvRecords(lines(), { ...dialect, comment }, file))
  const header = await readHeader(readRecords(), {
    file,
    dialect,
    encoding,
    skip,
    columns: options.columns,
  })
  const { columns, rejectColumnCount, hasMadeIds } = header
  const fail = (problem: string): never => {
    throw new BatchFileError(file, problem, header.record && { line: header.record.line })
  }
  /** What to do if the columns do not fit. */
  const hint = async () => {
    const likely = header.record && (await likelyHeaderLine({ dialect, lines: allLines }, fits))
    return likely === undefined
      ? headerHint(header, dialect, options)
      : `; line ${likely} looks like the header: add --skip ${likely - 1}`
  }
  const fits = (names: readonly string[]) => {
    const found = compileColumns(names, options, { ownFields })
    return !('problem' in found) && !('problem' in found.reader)
  }
  const zoneUse = new ZoneUse(options)
  const compiled = compileColumns(columns, options, { ownFields, onZoneUsed: zoneUse.note })
  const failToFit = async (problem: string) =>
    fail(foreignFileProblem(header) ?? problem + (await hint()))
  if ('problem' in compiled) return await failToFit(compiled.problem)
  const { reader } = compiled
  // A transform may do without the columns that are needed otherwise.
  if ('problem' in reader && !transform) return await failToFit(reader.problem)
  const misread =
    header.record && !('problem' in reader)
      ? transferInHeader(columns, header.record.line, options)
      : undefined
  if (misread !== undefined) return fail(misread)
  const hasOwnIds = !transform && 'hasIds' in reader && reader.hasIds === true
  const rows = new RowMaker({ batch, options, encoding, hasIds: hasOwnIds, transform })
  const keys = recordKeys(columns)
  // One record is read at a time, so these read the fields of the current one. Functions made for each record would
  // take a third of the time.
  let fields: readonly string[] = []
  const clean = transform?.isVerbatim ? (text: string) => text : trimmed
  const value = (index: number) => clean(fields[index + rejectColumnCount] ?? '')
  const values = { compiled, value, object: () => recordOf(keys, value) }
  /** The id that an earlier batch made for the record, if this is a file of its rejects. */
  const earlierId = () => (hasMadeIds && trimmed(fields[REJECT_COLUMNS.length] ?? '')) || undefined
  const reject = () => (rejectColumnCount === 0 ? undefined : { madeId: earlierId() })
  const problemOf = (record: RawRecord) => {
    if (record.problem !== undefined) return record.problem
    const difference = fields.length - rejectColumnCount - columns.length
    return difference === 0 || isHarmless(difference, fields, columns)
      ? undefined
      : fieldCountProblem(fields.length, record, header)
  }

  return {
    reading,
    hasIds: hasOwnIds || hasMadeIds || options.idFrom !== undefined,
    isCumulative: options.idFrom !== undefined,
    timeZone: zoneUse.zone,
    warnings: (rowsOfBatch) => rows.warnings(rowsOfBatch),
    rejects: csvRejects(columns, {
      dialect,
      hasIds: hasOwnIds,
      separatorLine,
      isForSpreadsheet: options.spreadsheet ?? false,
    }),
    records() {
      const records = withoutHeader(readRecords(), header)
      return skipLast === 0 ? records : withoutLast(skipLast, records, file)
    },
    row(record, position): Row {
      const { line, item } = record
      fields = fieldsOf(record, dialect)
      const text =
        rejectColumnCount === 0
          ? record.text
          : withoutFirstFields(record.text, rejectColumnCount, dialect)
      const problem = problemOf(record)
      if (problem === undefined) {
        return rows.row({ position, line, item, text }, values, reject())
      }
      const shown = record.damage ? asOneField(text, dialect) : text
      const parts = { position, line, item, text: shown }
      return rows.refused(parts, linesPrefix(record) + problem, earlierId())
    },
  }
}

/** The keys of a transform's records: the names of the columns, or `#3` if a name is missing or not unique. */
const recordKeys = (columns: readonly string[]): string[] =>
  columns.map((name, index) => {
    const isUnique = name !== '' && columns.indexOf(name) === columns.lastIndexOf(name)
    return isUnique ? name : `#${index + 1}`
  })

function recordOf(
  keys: readonly string[],
  value: (index: number) => string,
): Record<string, string> {
  const record: Record<string, string> = {}
  for (let index = 0; index < keys.length; index++) record[keys[index] as string] = value(index)
  return record
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

async function* withoutHeader(records: RecordBlocks, { record }: Header): RecordBlocks {
  let isHeader = record !== undefined
  for await (const block of records) {
    if (isHeader && block.length > 0) {
      isHeader = false
      block.shift()
    }
    yield block
  }
}

/** Whether a record only has empty fields too many, or ends before columns without a name: a delimiter ends the line. */
const isHarmless = (
  difference: number,
  fields: readonly string[],
  columns: readonly string[],
): boolean => {
  const others = difference > 0 ? fields.slice(-difference) : columns.slice(difference)
  return others.every((text) => text.trim() === '')
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
  const found = `the ${what} has ${countOf(count, 'field')} but ${expected} are expected`
  if (count > expected) return `${found}: field ${expected + 1} is one too many`
  const missing = columns[count - rejectColumnCount]
  const name = missing === undefined ? 'a column of a file of rejects' : quote(missing)
  return `${found}: field ${count + 1} (${name}) is missing`
}
