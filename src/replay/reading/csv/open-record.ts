import { MAX_RECORD_BYTES, type RawRecord } from '../../source/raw-record.ts'
import { type Dialect, isBlank, withoutReturn } from './dialect.ts'

/** A record of which the last line may be still to come. */
export class OpenRecord {
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
    this.#addEmptyLines(line)
    this.#lines.push(line)
    // What a cut line had is longer than a record may be.
    this.length += damage === 'cut' ? Infinity : text.length
    let position = this.#value === undefined ? 0 : this.#quoted(line, 0)
    while (position <= text.length) position = this.#field(line, position)
    if (this.#value === undefined) return this.#whole(line)
    this.#value += '\n'
    this.length += 1
    return undefined
  }

  /** Adds the lines that were left out before another. */
  #addEmptyLines({ line }: RawRecord): void {
    const last = this.#lines.at(-1)
    const count = last ? line - last.line - 1 : 0
    if (count === 0) return
    this.length += count
    if (this.length > MAX_RECORD_BYTES) return
    for (let number = line - count; number < line; number++) {
      this.#lines.push({ line: number, item: 1, text: '' })
      this.#value += '\n'
    }
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
