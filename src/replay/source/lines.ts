import { isAscii, isUtf8 } from 'node:buffer'
import { BatchFileError } from '../errors.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordBlocks } from './raw-record.ts'

/** How much of a line that is too long is kept, to show which line it was. */
const EXCERPT_BYTES = 200

/** About how many bytes are turned into lines at once. */
const PIECE_BYTES = 64 * 1024

const TOO_LONG = `the line is longer than ${MAX_RECORD_BYTES} bytes`

interface LineOptions {
  /** The quote of a CSV file; empty if there is none. */
  readonly quote?: string
  /** The name of the file's encoding. */
  readonly encoding?: string
}

/**
 * Splits UTF-8 into lines, in bounded memory. A line ends with LF or CRLF; the CR stays in its text. Empty
 * lines are left out, but they count in the line numbers. A line that is too long or is not text has a
 * `problem` and a `damage`.
 *
 * Two kinds of line are a {@link BatchFileError}: a damaged first line, and a line that is too long and
 * contains the `quote`. Only an excerpt of that line is kept, so nobody knows whether the rest opens or
 * closes a quoted field, and which of the following lines belong to it.
 */
export async function* linesOf(
  bytes: AsyncIterable<Buffer>,
  file: string,
  { quote = '', encoding = 'UTF-8' }: LineOptions = {},
): RecordBlocks {
  const rules: LineRules = { file, notText: notTextProblem(encoding) }
  const partial = new PartialLine(rules, quote)
  let line = 1
  let isFirst = true
  for await (let chunk of bytes) {
    if (isFirst) {
      isFirst = false
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) chunk = chunk.subarray(3)
    }
    let start = 0
    const end = chunk.lastIndexOf(LF)
    if (partial.length > 0 && end >= 0) {
      start = chunk.indexOf(LF) + 1
      partial.add(chunk.subarray(0, start - 1))
      yield requireText([partial.end(line)], rules)
      line += 1
    }
    while (start <= end) {
      if (chunk[start] === LF) {
        start += 1
        line += 1
        continue
      }
      const stop = chunk.indexOf(LF, Math.min(start + PIECE_BYTES, end))
      const { lines, nextLine } = readLines(chunk.subarray(start, stop), line, rules)
      yield requireText(lines, rules)
      line = nextLine
      start = stop + 1
    }
    if (start < chunk.length) partial.add(chunk.subarray(start))
  }
  if (partial.length > 0) yield requireText([partial.end(line)], rules)
  // An empty block shows that the file had lines, even if all of them were empty.
  else if (line > 1) yield []
}

const LF = 10

interface LineRules {
  readonly file: string
  /** What is wrong with a column that is not text. */
  readonly notText: string
}

const notTextProblem = (encoding: string): string =>
  encoding === 'UTF-8'
    ? 'is not valid UTF-8 (if the whole file is in another encoding, add --encoding, such as --encoding windows-1252)'
    : `is not valid ${encoding}`

/** A line whose end is in a later chunk. */
class PartialLine {
  length = 0
  readonly #rules: LineRules
  /**
   * The first byte of the quote; undefined if there is none. Other characters may share it, but no quote is
   * missed.
   */
  readonly #quote: number | undefined
  #parts: Buffer[] = []
  /** Whether a part that was dropped contained a quote. */
  #hadQuote = false

  constructor(rules: LineRules, quote: string) {
    this.#rules = rules
    this.#quote = Buffer.from(quote)[0]
  }

  add(part: Buffer): void {
    // Copied, because the next chunk is read into the same memory.
    if (this.length <= MAX_RECORD_BYTES) this.#parts.push(Buffer.from(part))
    else this.#hadQuote ||= this.#hasQuote(part)
    this.length += part.length
  }

  end(line: number): RawRecord {
    const { length } = this
    const parts = this.#parts
    if (
      length > MAX_RECORD_BYTES &&
      (this.#hadQuote || parts.some((part) => this.#hasQuote(part)))
    ) {
      const problem = `${TOO_LONG} and contains quotes, so the end of its record cannot be found: shorten the line, or give --quote '' if quotes are ordinary text in this file`
      throw new BatchFileError(this.#rules.file, problem, { line })
    }
    this.length = 0
    this.#parts = []
    this.#hadQuote = false
    return readLine(Buffer.concat(parts), { line, length }, this.#rules)
  }

  #hasQuote(part: Buffer): boolean {
    return this.#quote !== undefined && part.includes(this.#quote)
  }
}

/** Reads whole lines. Decodes them all at once if every byte is text, else one by one. */
function readLines(
  piece: Buffer,
  firstLine: number,
  rules: LineRules,
): { lines: RawRecord[]; nextLine: number } {
  const lines: RawRecord[] = []
  let line = firstLine
  if (isUtf8(piece) && !piece.includes(0)) {
    const all = piece.toString(isAscii(piece) ? 'latin1' : 'utf8')
    for (const text of all.split('\n')) {
      if (text !== '') lines.push({ line, item: 1, text })
      line += 1
    }
    return { lines, nextLine: line }
  }
  for (let start = 0; start <= piece.length; line++) {
    const found = piece.indexOf(LF, start)
    const end = found < 0 ? piece.length : found
    if (end > start) {
      lines.push(readLine(piece.subarray(start, end), { line, length: end - start }, rules))
    }
    start = end + 1
  }
  return { lines, nextLine: line }
}

function readLine(
  bytes: Buffer,
  { line, length }: { line: number; length: number },
  { notText }: LineRules,
): RawRecord {
  if (length > MAX_RECORD_BYTES) {
    const text = bytes.subarray(0, EXCERPT_BYTES).toString()
    const problem = `${TOO_LONG}; only its first ${EXCERPT_BYTES} bytes are kept`
    return { line, item: 1, text, problem, damage: 'truncated' }
  }
  const text = bytes.toString()
  const problem = isUtf8(bytes)
    ? bytes.includes(0)
      ? `column ${text.indexOf('\0') + 1} is a NUL character`
      : undefined
    : `column ${text.indexOf('\uFFFD') + 1} ${notText}`
  return problem === undefined
    ? { line, item: 1, text }
    : { line, item: 1, text, problem, damage: 'not-text' }
}

/** Throws if the first line of the file is damaged: then the file is not a text file. */
function requireText(lines: RawRecord[], { file }: LineRules): RawRecord[] {
  const [first] = lines
  if (first?.line !== 1 || first.problem === undefined) return lines
  if (first.text.startsWith('PK\u0003\u0004')) {
    const problem =
      'the file is a ZIP archive, as every .xlsx file is: unpack it, or save the sheet as CSV in UTF-8'
    throw new BatchFileError(file, problem)
  }
  const found = first.damage === 'truncated' ? TOO_LONG : first.problem
  const problem = `${found}: a batch must be a text file, plain or gzipped`
  throw new BatchFileError(file, problem, { line: 1 })
}
