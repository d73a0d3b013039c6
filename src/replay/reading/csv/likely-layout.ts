import { BatchFileError } from '../../errors.ts'
import { linesOf } from '../../source/lines.ts'
import type { RawRecord } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import { ColumnSurvey } from '../column-survey.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { csvRecords, fieldsOf } from './csv-records.ts'
import { type Dialect, trimmed } from './dialect.ts'
import { areValuesOfTransfer } from './missing-header.ts'
import { SEPARATOR_LINE, startOf } from './transfer-lines.ts'

/** What the first lines of a file of separated values suggest, apart from what the options say. */
export type LikelyLayout = Pick<ReadingOptions, 'delimiter' | 'header' | 'columns'>

const DELIMITERS = [',', ';', '\t', '|'] as const

/**
 * Guesses the delimiter, the columns of the header if lines stand before it, and names for the columns of a file that seems to
 * have no header. The table of a file is where most records have the same number of fields.
 */
export async function likelyLayout(source: Source, given: ReadingOptions): Promise<LikelyLayout> {
  const { quote = '"', skip = 0, comment } = given
  const start = (await linesAtStart(source, quote)).filter(({ line }) => line > skip)
  const [first] = start
  if (!first || /^\s*[[{<]/.test(first.text)) return {}
  const isSeparatorLine = SEPARATOR_LINE.test(first.text)
  const rest = isSeparatorLine ? start.slice(1) : start
  const usual = given.delimiter ?? (given.format === 'tsv' ? '\t' : ',')
  const delimiters = given.delimiter === undefined ? DELIMITERS : [given.delimiter]
  let best: Table | undefined
  for (const delimiter of delimiters) {
    const table = await tableOf(rest, { delimiter, quote, comment })
    if (table && table.score > (best?.score ?? 0)) best = table
  }
  if (!best) return {}
  return {
    ...(best.delimiter !== usual && !isSeparatorLine && { delimiter: best.delimiter }),
    ...(given.columns || given.header ? {} : headerOf(best)),
  }
}

/** The first lines; none if one of them is too long. JSON is often in one line, and has no delimiter. */
async function linesAtStart(source: Source, quote: string): Promise<RawRecord[]> {
  const lines = linesOf(source.bytes(), source.name, { quote, encoding: source.encoding.name })
  try {
    return await startOf(lines)
  } catch (error) {
    if (!(error instanceof BatchFileError)) throw error
    return []
  }
}

interface Table {
  readonly delimiter: string
  /** The fields of its records, the first of which may be a header. */
  readonly rows: readonly (readonly string[])[]
  /** Those of the records before them. The last may be a header, if all rows end with a delimiter. */
  readonly before: readonly (readonly string[])[]
  /** How many delimiters they have. */
  readonly score: number
}

/** The records with the same number of fields that have the most delimiters. */
async function tableOf(lines: RawRecord[], dialect: Dialect): Promise<Table | undefined> {
  const records: (readonly string[])[] = []
  try {
    for await (const block of csvRecords(oneBlock(lines), dialect, '')) {
      for (const record of block) records.push(fieldsOf(record, dialect).map(trimmed))
    }
  } catch (error) {
    // The start of a file may end within quotes.
    if (!(error instanceof BatchFileError)) throw error
  }
  const counts = new Map<number, number>()
  for (const { length } of records) counts.set(length, (counts.get(length) ?? 0) + length - 1)
  const [width, score] = [...counts].toSorted(([, one], [, other]) => other - one)[0] ?? [0, 0]
  if (width < 2) return undefined
  const rows = records.filter(({ length }) => length === width)
  const before = records.slice(
    0,
    records.findIndex(({ length }) => length === width),
  )
  return { delimiter: dialect.delimiter, rows, before, score }
}

async function* oneBlock(lines: RawRecord[]): AsyncGenerator<RawRecord[]> {
  yield lines
}

/** The columns that find the header, or names if there is none. Nothing if the first record is the header. */
function headerOf({ rows, before }: Table): LikelyLayout {
  const isShort = (names: readonly string[]) =>
    rows.every((row) => row.slice(names.length).every((field) => field === ''))
  const names =
    before.findLast((fields) => areNames(fields) && isShort(fields)) ?? rows.find(areNames)
  if (names) {
    const isFirst = names === (before[0] ?? rows[0])
    return isFirst ? {} : { header: names.filter((name) => name !== '').slice(0, 2) }
  }
  const hasHeader = before.some(areNames) || !areValuesOfTransfer(rows[0] ?? [])
  return hasHeader ? {} : { columns: namesFor(rows) }
}

/** Whether fields are the names of columns: most of them are there, and none is a date or an amount. */
function areNames(fields: readonly string[]): boolean {
  const filled = fields.filter((field) => field !== '')
  return (
    filled.length > 1 &&
    filled.length * 2 > fields.length &&
    filled.every((field) => kindOf([field]) === 'Text')
  )
}

/** Names by what the columns hold, such as `Date`, `Amount` and `Text 2`. */
function namesFor(rows: readonly (readonly string[])[]): string[] {
  const seen = new Map<string, number>()
  return (rows[0] ?? []).map((_, index) => {
    const kind = kindOf(rows.map((row) => row[index] ?? ''))
    if (new Set(rows.map((row) => row[index])).size === 1) return `Column ${index + 1}`
    const number = (seen.get(kind) ?? 0) + 1
    seen.set(kind, number)
    return number === 1 ? kind : `${kind} ${number}`
  })
}

function kindOf(values: readonly string[]): 'Date' | 'Amount' | 'Text' {
  const survey = new ColumnSurvey()
  for (const value of values) survey.add(value)
  if (survey.dates) return 'Date'
  return survey.areAmounts ? 'Amount' : 'Text'
}
