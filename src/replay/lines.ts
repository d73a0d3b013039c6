import { isAscii, isUtf8 } from 'node:buffer'
import { BatchFileError } from './errors.ts'
import { RECORD_BYTES, type RawRecord, type RecordBlocks } from './record.ts'

/** How much of a line that is too long is kept to show which it was. */
const EXCERPT_BYTES = 200

/**
 * Splits bytes into lines, in bounded memory. Line ends are LF or CRLF (the CR stays with its line).
 * A line that is too long or no text has a `problem`; in the first line that is an {@link BatchFileError}.
 */
export async function* linesOf(bytes: AsyncIterable<Buffer>, file: string): RecordBlocks {
  let held: Buffer[] = []
  let heldBytes = 0
  let line = 1
  const hold = (part: Buffer) => {
    heldBytes += part.length
    // Of a line that is too long already only the length is needed.
    if (heldBytes - part.length <= RECORD_BYTES) held.push(part)
  }
  const release = (): Buffer => {
    const block = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held)
    held = []
    heldBytes = 0
    return block
  }

  let isFirst = true
  for await (let chunk of bytes) {
    if (isFirst) {
      isFirst = false
      chunk = withoutMark(chunk, file)
    }
    const firstEnd = chunk.indexOf(LF)
    if (firstEnd < 0) {
      hold(chunk)
      continue
    }
    const lines: RawRecord[] = []
    if (heldBytes > 0) {
      hold(chunk.subarray(0, firstEnd))
      const length = heldBytes
      lines.push(readLine(release(), line, length))
      line += 1
      chunk = chunk.subarray(firstEnd + 1)
    }
    const end = chunk.lastIndexOf(LF)
    if (end >= 0) {
      readLines(chunk.subarray(0, end), line, lines)
      line = (lines.at(-1) as RawRecord).line + 1
    }
    if (end + 1 < chunk.length) hold(chunk.subarray(end + 1))
    yield checked(lines, file)
  }
  if (heldBytes > 0) {
    const length = heldBytes
    yield checked([readLine(release(), line, length)], file)
  }
}

const LF = 10

function withoutMark(chunk: Buffer, file: string): Buffer {
  if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) return chunk.subarray(3)
  const mark = chunk.length > 1 ? chunk.readUInt16BE() : 0
  if (mark === 0xfeff || mark === 0xfffe) {
    throw new BatchFileError(file, 'the file is in UTF-16: save it as UTF-8', { line: 1 })
  }
  return chunk
}

/** Reads whole lines, at once where all of them are clean. */
function readLines(block: Buffer, first: number, lines: RawRecord[]): void {
  if (isUtf8(block) && !block.includes(0)) {
    const text = block.toString(isAscii(block) ? 'latin1' : 'utf8')
    let line = first
    for (const each of text.split('\n')) lines.push({ line: line++, item: 1, text: each })
    return
  }
  let start = 0
  for (let line = first; start <= block.length; line++) {
    const found = block.indexOf(LF, start)
    const end = found < 0 ? block.length : found
    lines.push(readLine(block.subarray(start, end), line, end - start))
    start = end + 1
  }
}

function readLine(bytes: Buffer, line: number, length: number): RawRecord {
  if (length > RECORD_BYTES) {
    const text = bytes.subarray(0, EXCERPT_BYTES).toString()
    const problem = `the line is longer than ${RECORD_BYTES} bytes: only its beginning is kept`
    return { line, item: 1, text, problem }
  }
  const text = bytes.toString()
  const problem = isUtf8(bytes)
    ? bytes.includes(0)
      ? `column ${text.indexOf('\0') + 1} holds a NUL character`
      : undefined
    : `column ${text.indexOf('\uFFFD') + 1} is not valid UTF-8`
  return { line, item: 1, text, problem }
}

/** A first line that is no text is of a file that is no text. */
function checked(lines: RawRecord[], file: string): RawRecord[] {
  const [first] = lines
  if (first?.line === 1 && first.problem !== undefined) {
    const problem = `${first.problem}: a batch is a text file in UTF-8, or such a file gzipped`
    throw new BatchFileError(file, problem, { line: 1 })
  }
  return lines
}
