import { quote as quoted } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { REJECT_COLUMNS } from '../reject-columns.ts'
import { headerHint } from './csv-header.ts'
import { fieldsOf, firstRecord } from './csv-records.ts'
import { type Dialect, trimmed } from './dialect.ts'

/** Which lines of a file are its header and its transfers. */
export interface TransferLines {
  /** How many lines stand before them. */
  readonly skip: number
  /** How many records stand after them. */
  readonly skipLast: number
  /** What the lines between them that are comments start with. */
  readonly comment: string | undefined
}

/** All lines, as in a file of rejects, which has none of what its batch's file had around the transfers. */
const ALL_LINES: TransferLines = { skip: 0, skipLast: 0, comment: undefined }

interface FileLines {
  readonly file: string
  readonly dialect: Dialect
  /** Reads the lines of the file from the first. */
  readonly lines: () => RecordBlocks
}

/** Finds the lines with the header and the transfers, as the options describe them. */
export async function transferLines(
  { file, dialect, lines }: FileLines,
  { skip = 0, header, skipLast = 0, comment }: ReadingOptions,
): Promise<TransferLines> {
  if (skip === 0 && !header && skipLast === 0 && comment === undefined) return ALL_LINES
  if (isRejects(await startOf(lines()), dialect)) return ALL_LINES
  if (!header) return { skip, skipLast, comment }
  const searched = (await startOf(linesAfter(skip, lines()))).filter(
    ({ text }) => comment === undefined || !text.startsWith(comment),
  )
  const found = lineOfHeader(
    header.map((name) => trimmed(name)),
    searched,
    dialect,
  )
  if (typeof found === 'object') throw new BatchFileError(file, found.problem)
  return { skip: found - 1, skipLast, comment }
}

/** How many lines, and about how many characters, are searched for the header. */
const [MAX_LINES, MAX_CHARACTERS] = [1_000, 1024 * 1024]

/** The first lines of a file, where its header is searched for. */
export async function startOf(lines: RecordBlocks): Promise<RawRecord[]> {
  const start: RawRecord[] = []
  let characters = 0
  for await (const block of lines) {
    for (const line of block) {
      if (start.length === MAX_LINES || characters > MAX_CHARACTERS) return start
      start.push(line)
      characters += line.text.length
    }
  }
  return start
}

/** The line before the header that names the delimiter for Excel. */
export const SEPARATOR_LINE = /^"?sep=.?"?\s*$/i

/** Whether a file starts as our files of rejects do. Another program may have put quotes around the names. */
function isRejects(start: readonly RawRecord[], { delimiter, quote }: Dialect): boolean {
  const first = start.find(({ text }) => text.trim() !== '' && !SEPARATOR_LINE.test(text))
  const fields = (first?.text ?? '').split(delimiter)
  return REJECT_COLUMNS.every((name, index) => {
    const field = fields[index]?.trim()
    return field === name || field === `${quote}${name}${quote}`
  })
}

/** The most lines that a header may go over. */
const MAX_HEADER_LINES = 50

/** The line of the first record that has all the names among its fields. A record may start at any line. */
function lineOfHeader(
  names: readonly string[],
  lines: readonly RawRecord[],
  dialect: Dialect,
): number | { problem: string } {
  let nearest: { line: number; missing: string[] } | undefined
  for (let index = 0; index < lines.length; index++) {
    const record = firstRecord(lines.slice(index, index + MAX_HEADER_LINES), dialect)
    if (!record) continue
    const fields = new Set(fieldsOf(record, dialect).map(trimmed))
    const missing = names.filter((name) => !fields.has(name))
    if (missing.length === 0) return record.line
    if (missing.length < (nearest?.missing.length ?? names.length)) {
      nearest = { line: record.line, missing }
    }
  }
  return { problem: notFound(names, lines, nearest) + delimiterHint(names, lines, dialect) }
}

/** The line of the first record after the first whose columns fit; undefined if there is none near the start. */
export async function likelyHeaderLine(
  { dialect, lines }: Omit<FileLines, 'file'>,
  fits: (columns: readonly string[]) => boolean,
): Promise<number | undefined> {
  const start = await startOf(lines())
  for (let index = 1; index < Math.min(start.length, MAX_LIKELY_LINES); index++) {
    const record = firstRecord(start.slice(index, index + MAX_HEADER_LINES), dialect)
    if (record && fits(fieldsOf(record, dialect).map(trimmed))) return record.line
  }
  return undefined
}

const MAX_LIKELY_LINES = 100

const list = (texts: readonly string[]): string => texts.map((text) => quoted(text)).join(', ')

const LISTED_LINES = 3

function notFound(
  names: readonly string[],
  lines: readonly RawRecord[],
  nearest: { line: number; missing: string[] } | undefined,
): string {
  const searched = `lines ${lines[0]?.line ?? 0} to ${lines.at(-1)?.line ?? 0}`
  const problem = `no header with the columns ${list(names)}, which --header names, was found in ${searched}`
  const shown = nearest
    ? `line ${nearest.line} comes nearest, but it does not have ${list(nearest.missing)}`
    : `the first of them are ${list(lines.slice(0, LISTED_LINES).map(({ text }) => text))}`
  return `${problem}: ${shown}`
}

/** A hint if a line has all the names, but not as fields. */
function delimiterHint(
  names: readonly string[],
  lines: readonly RawRecord[],
  dialect: Dialect,
): string {
  const record = lines.find(({ text }) => names.every((name) => text.includes(name)))
  const columns = record ? fieldsOf(record, dialect) : []
  return record
    ? headerHint({ record, columns, rejectColumnCount: 0, hasMadeIds: false }, dialect)
    : ''
}

/** The lines after the first `count` lines of the file. */
export async function* linesAfter(count: number, lines: RecordBlocks): RecordBlocks {
  if (count === 0) return yield* lines
  for await (const block of lines) {
    const [first] = block
    yield first && first.line <= count ? block.filter(({ line }) => line > count) : block
  }
}

/**
 * The records without the last `count`.
 * @throws BatchFileError if there are fewer than that
 */
export async function* withoutLast(
  count: number,
  records: RecordBlocks,
  file: string,
): RecordBlocks {
  let held: RawRecord[] = []
  for await (const block of records) {
    held = held.length === 0 ? block : [...held, ...block]
    yield held.splice(0, Math.max(0, held.length - count))
  }
  if (held.length === count) return
  const problem = `the file has ${held.length} records, but --skip-last says that ${count} after the transfers are none: is the file complete?`
  throw new BatchFileError(file, problem)
}
