import { isAscii, isUtf8 } from 'node:buffer'
import { BatchFileError } from '../errors.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordBlocks } from './raw-record.ts'

/** How much of a line that is too long is kept to show which it was. */
const EXCERPT_BYTES = 200

/** How much becomes lines at once. */
const PIECE_BYTES = 64 * 1024

/**
 * Splits bytes into lines, in bounded memory. Line ends are LF or CRLF (the CR stays with its line).
 * Empty lines are left out: the numbers of the others tell of them. A line that is too long or no text has
 * a `problem` and `damage`; in the first line that is a {@link BatchFileError}. So is a line that is too
 * long and has a `quote`: only an excerpt of it is kept, and in the rest a field may open, or close, that
 * other lines belong to.
 */
export async function* linesOf(
  bytes: AsyncIterable<Buffer>,
  file: string,
  quote = '',
): RecordBlocks {
  const begun = new BegunLine(file, quote)
  let line = 1
  let isFirst = true
  for await (let chunk of bytes) {
    if (isFirst) {
      isFirst = false
      chunk = withoutMark(chunk, file)
    }
    let start = 0
    const end = chunk.lastIndexOf(LF)
    if (begun.length > 0 && end >= 0) {
      start = chunk.indexOf(LF) + 1
      begun.add(chunk.subarray(0, start - 1))
      yield checked([begun.end(line)], file)
      line += 1
    }
    while (start <= end) {
      if (chunk[start] === LF) {
        start += 1
        line += 1
        continue
      }
      const stop = chunk.indexOf(LF, Math.min(start + PIECE_BYTES, end))
      const { lines, next } = readLines(chunk.subarray(start, stop), line)
      yield checked(lines, file)
      line = next
      start = stop + 1
    }
    if (start < chunk.length) begun.add(chunk.subarray(start))
  }
  if (begun.length > 0) yield checked([begun.end(line)], file)
  // That there was something, were it empty lines alone, is worth to know.
  else if (line > 1) yield []
}

const LF = 10

/** A line whose end is in a chunk to come. */
class BegunLine {
  length = 0
  readonly #file: string
  /** The first byte of a quote: that the others follow is not worth to find out. */
  readonly #quote: number | undefined
  #parts: Buffer[] = []
  /** Whether a quote is in what is no longer held. */
  #hadQuote = false

  constructor(file: string, quote: string) {
    this.#file = file
    this.#quote = Buffer.from(quote)[0]
  }

  add(part: Buffer): void {
    // A copy: what follows is read into the place of this.
    if (this.length <= MAX_RECORD_BYTES) this.#parts.push(Buffer.from(part))
    else this.#hadQuote ||= this.#quotes(part)
    this.length += part.length
  }

  end(line: number): RawRecord {
    const { length } = this
    const parts = this.#parts
    if (length > MAX_RECORD_BYTES && (this.#hadQuote || parts.some((part) => this.#quotes(part)))) {
      const problem = `the line is longer than ${MAX_RECORD_BYTES} bytes and has quotes, so that nothing tells where its record ends: nothing after it can be read`
      throw new BatchFileError(this.#file, problem, { line })
    }
    this.length = 0
    this.#parts = []
    this.#hadQuote = false
    return readLine(Buffer.concat(parts), { line, length })
  }

  #quotes(part: Buffer): boolean {
    return this.#quote !== undefined && part.includes(this.#quote)
  }
}

function withoutMark(chunk: Buffer, file: string): Buffer {
  if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) return chunk.subarray(3)
  const mark = chunk.length > 1 ? chunk.readUInt16BE() : 0
  if (mark === 0xfeff || mark === 0xfffe) {
    throw new BatchFileError(file, 'the file is in UTF-16: save it as UTF-8', { line: 1 })
  }
  return chunk
}

/** Reads whole lines, at once where all of them are clean; gives the number of the next one too. */
function readLines(piece: Buffer, first: number): { lines: RawRecord[]; next: number } {
  const lines: RawRecord[] = []
  let line = first
  if (isUtf8(piece) && !piece.includes(0)) {
    const all = piece.toString(isAscii(piece) ? 'latin1' : 'utf8')
    for (const text of all.split('\n')) {
      if (text !== '') lines.push({ line, item: 1, text })
      line += 1
    }
    return { lines, next: line }
  }
  for (let start = 0; start <= piece.length; line++) {
    const found = piece.indexOf(LF, start)
    const end = found < 0 ? piece.length : found
    if (end > start) lines.push(readLine(piece.subarray(start, end), { line, length: end - start }))
    start = end + 1
  }
  return { lines, next: line }
}

function readLine(bytes: Buffer, { line, length }: { line: number; length: number }): RawRecord {
  if (length > MAX_RECORD_BYTES) {
    const text = bytes.subarray(0, EXCERPT_BYTES).toString()
    const problem = `the line is longer than ${MAX_RECORD_BYTES} bytes: only its beginning is kept`
    return { line, item: 1, text, problem, damage: 'cut' }
  }
  const text = bytes.toString()
  const problem = isUtf8(bytes)
    ? bytes.includes(0)
      ? `column ${text.indexOf('\0') + 1} holds a NUL character`
      : undefined
    : `column ${text.indexOf('\uFFFD') + 1} is not valid UTF-8`
  return problem === undefined
    ? { line, item: 1, text }
    : { line, item: 1, text, problem, damage: 'bytes' }
}

/** A first line that is no text is of a file that is no text. */
function checked(lines: RawRecord[], file: string): RawRecord[] {
  const [first] = lines
  if (first?.line === 1 && first.problem !== undefined) {
    if (first.text.startsWith('PK\u0003\u0004')) {
      const problem = 'this is a ZIP archive, as .xlsx files are: save the sheet as CSV in UTF-8'
      throw new BatchFileError(file, problem)
    }
    const problem = `${first.problem}: a batch is a text file in UTF-8, or such a file gzipped`
    throw new BatchFileError(file, problem, { line: 1 })
  }
  return lines
}
