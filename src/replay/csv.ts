import { BatchFileError } from './errors.ts'
import { RECORD_BYTES, type RawRecord, type RecordBlocks } from './record.ts'

/** How a file of separated values is written. */
export interface Dialect {
  /** Stands between two fields. */
  readonly delimiter: string
  /** Stands around a field that holds delimiters or line ends, doubled within; empty where there is none. */
  readonly quote: string
}

/**
 * Joins lines into records where a quoted field holds line ends, and leaves blank lines out. A line with
 * no quote in it, the usual one, is passed on as it is; one that is damaged opens and closes fields as
 * any other. A quote that never closes is an {@link BatchFileError}.
 */
export async function* csvRecords(
  lines: AsyncIterable<RawRecord[]>,
  dialect: Dialect,
  file: string,
): RecordBlocks {
  const { quote } = dialect
  let open: OpenRecord | undefined
  for await (const block of lines) {
    const records: RawRecord[] = []
    for (const line of block) {
      if (!open && (quote === '' || !line.text.includes(quote))) {
        const text = withoutReturn(line.text)
        if (isBlankLine(text, dialect)) continue
        records.push(text === line.text ? line : { ...line, text })
        continue
      }
      open ??= new OpenRecord(line, dialect)
      const record = open.add(line)
      if (record) {
        records.push(record)
        open = undefined
      } else if (open.length > RECORD_BYTES) {
        throw unclosed(file, open, `is not closed within ${RECORD_BYTES} characters`)
      }
    }
    yield records
  }
  if (open) throw unclosed(file, open, 'never closes')
}

const isBlankLine = (text: string, { delimiter }: Dialect): boolean =>
  text.trim() === '' && !text.includes(delimiter)

const unclosed = (file: string, { opened }: OpenRecord, problem: string): BatchFileError =>
  new BatchFileError(
    file,
    `the quote that opens here ${problem}: nothing after it can be read`,
    opened,
  )

/** A record of which the last line may be still to come. */
class OpenRecord {
  /** The place of the quote that is open. */
  opened: { line: number; column: number }
  /** How many characters it holds so far. */
  length = 0
  readonly #first: RawRecord
  readonly #dialect: Dialect
  readonly #lines: RawRecord[] = []
  readonly #fields: string[] = []
  /** What was read so far of the field whose quote is open. */
  #value: string | undefined
  /** What is wrong with the line that came last, and not with its text alone. */
  #problem: string | undefined

  constructor(first: RawRecord, dialect: Dialect) {
    this.#first = first
    this.#dialect = dialect
    this.opened = { line: first.line, column: 1 }
  }

  /** Takes a line; gives the record if it ends there. */
  add(line: RawRecord): RawRecord | undefined {
    const { text, damage } = line
    this.#lines.push(line)
    // What a cut line had is longer than a record may be.
    this.length += damage === 'cut' ? Infinity : text.length + 1
    let position = this.#value === undefined ? 0 : this.#quoted(line, 0)
    while (position <= text.length) position = this.#field(line, position)
    if (this.#value !== undefined) {
      this.#value += '\n'
      return undefined
    }
    return this.#whole(line)
  }

  #whole({ line: lastLine }: RawRecord): RawRecord {
    const { line, item } = this.#first
    const record = {
      line,
      item,
      text: withoutReturn(this.#lines.map(({ text }) => text).join('\n')),
      fields: this.#fields,
    }
    const damaged = this.#lines.find(({ damage }) => damage)
    const problem = damaged?.problem ?? this.#problem
    const found = problem === undefined ? {} : { problem, damage: damaged?.damage }
    if (lastLine === line) return { ...record, ...found }
    const place = `line ${damaged?.line ?? lastLine}, `
    return { ...record, ...found, lastLine, ...(problem && { problem: place + problem }) }
  }

  /** Reads the field at a position; gives the position of the next, or one past the end. */
  #field(line: RawRecord, position: number): number {
    const { text } = line
    const { delimiter, quote } = this.#dialect
    let start = position
    while (isBlank(text, start) && !text.startsWith(delimiter, start)) start++
    if (text.startsWith(quote, start)) {
      this.opened = { line: line.line, column: start + 1 }
      this.#value = ''
      return this.#quoted(line, start + quote.length)
    }
    const end = text.indexOf(delimiter, position)
    this.#fields.push(end < 0 ? withoutReturn(text.slice(position)) : text.slice(position, end))
    return end < 0 ? text.length + 1 : end + delimiter.length
  }

  #quoted({ text }: RawRecord, position: number): number {
    const { delimiter, quote } = this.#dialect
    let start = position
    while (true) {
      const end = text.indexOf(quote, start)
      if (end < 0) {
        this.#value += text.slice(start)
        return text.length + 1
      }
      this.#value += text.slice(start, end)
      start = end + quote.length
      if (!text.startsWith(quote, start)) break
      this.#value += quote
      start += quote.length
    }
    this.#fields.push(this.#value ?? '')
    this.#value = undefined
    while (isBlank(text, start) && !text.startsWith(delimiter, start)) start++
    if (text.startsWith(delimiter, start)) return start + delimiter.length
    if (start < text.length && !(start === text.length - 1 && text.endsWith('\r'))) {
      this.#problem = `column ${start + 1}: more text follows the closing quote of field ${this.#fields.length}`
    }
    return text.length + 1
  }
}

function isBlank(text: string, position: number): boolean {
  const character = text.charCodeAt(position)
  return character === 32 || character === 9
}

const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text)

/** The fields of a record, each as it was read. */
export const fieldsOf = (record: RawRecord, { delimiter }: Dialect): readonly string[] =>
  record.fields ?? record.text.split(delimiter)

/** A record's text without its first fields; the whole where it has not as many. */
export function withoutFields(text: string, count: number, { delimiter, quote }: Dialect): string {
  let isQuoted = false
  let passed = 0
  for (let position = 0; position < text.length; position++) {
    if (text[position] === quote) isQuoted = !isQuoted
    if (isQuoted || !text.startsWith(delimiter, position)) continue
    passed += 1
    if (passed === count) return text.slice(position + delimiter.length)
  }
  return text
}

/** A text without the spaces and tabs at its ends. */
export function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text, start)) start++
  while (end > start && isBlank(text, end - 1)) end--
  return end - start === text.length ? text : text.slice(start, end)
}

/** A value as a field, in quotes where it needs them. */
export function csvField(value: string, { delimiter, quote }: Dialect): string {
  if (quote === '') return value.replaceAll(delimiter, ' ').replaceAll(/[\r\n]+/g, ' ')
  const isPlain = !value.includes(delimiter) && !value.includes(quote) && !/[\r\n]/.test(value)
  return isPlain ? value : `${quote}${value.replaceAll(quote, quote + quote)}${quote}`
}
