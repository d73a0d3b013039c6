import { BatchFileError } from '../../errors.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordBlocks } from '../../source/raw-record.ts'

/** Splits a JSON array into the texts of its elements, in bounded memory. */
export async function* jsonArrayRecords(bytes: AsyncIterable<Buffer>, file: string): RecordBlocks {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const splitter = new ArraySplitter(file)
  const decode = (block?: Buffer): string => {
    try {
      return block ? decoder.decode(block, { stream: true }) : decoder.decode()
    } catch (error) {
      const problem = 'the text here or shortly after is not valid UTF-8: save the file as UTF-8'
      throw new BatchFileError(file, problem, { line: splitter.line }, { cause: error })
    }
  }
  for await (const block of bytes) yield splitter.add(decode(block))
  yield splitter.add(decode())
  splitter.end()
}

class ArraySplitter {
  /** The line that is being read. */
  line = 1
  readonly #file: string
  #expected: 'array' | 'first' | 'element' | 'separator' | 'nothing' = 'array'
  /** Whether an element has begun and not ended. */
  #isInside = false
  /** What was read so far of the element. */
  #text = ''
  #begun = { line: 1, item: 1 }
  /** How many brackets are open in the element. */
  #depth = 0
  #isString = false
  #isEscaped = false

  constructor(file: string) {
    this.#file = file
  }

  /** Takes the next piece of the text; gives the elements that end in it. */
  add(piece: string): RawRecord[] {
    const records: RawRecord[] = []
    let start = 0
    for (let position = 0; position < piece.length; position++) {
      const character = piece.charCodeAt(position)
      if (character === LF) this.line += 1
      if (this.#isInside) {
        const length = this.#lengthEnded(character)
        if (length === undefined) continue
        const end = position + length
        records.push({ ...this.#begun, text: this.#text + piece.slice(start, end) })
        this.#text = ''
        this.#isInside = false
        this.#expected = 'separator'
        if (length === 1) continue
      }
      if (character === SPACE || character === LF || character === CR || character === TAB) continue
      if (this.#between(character)) {
        start = position
        this.#begin(character)
      }
    }
    if (this.#isInside) {
      this.#text += piece.slice(start)
      if (this.#text.length > MAX_RECORD_BYTES) {
        this.#fail(
          `the element that begins here is longer than ${MAX_RECORD_BYTES} characters`,
          this.#begun.line,
        )
      }
    }
    return records
  }

  /** Says so where the text ended too early. */
  end(): void {
    if (this.#expected === 'nothing') return
    if (this.#expected === 'array') this.#fail('the file is empty: a JSON array was expected')
    this.#fail('the array never closes, the file is truncated: fetch it again')
  }

  /** Reads a character of an element: 1 where the element ends with it, 0 before it. */
  #lengthEnded(character: number): 0 | 1 | undefined {
    if (this.#isString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (character === BACKSLASH) this.#isEscaped = true
      else if (character === QUOTE) this.#isString = false
      return !this.#isString && this.#depth === 0 ? 1 : undefined
    }
    switch (character) {
      case QUOTE:
        this.#isString = true
        return undefined
      case OPEN_BRACE:
      case OPEN_BRACKET:
        this.#depth += 1
        return undefined
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (this.#depth === 0) return 0
        this.#depth -= 1
        return this.#depth === 0 ? 1 : undefined
      case COMMA:
        return this.#depth === 0 ? 0 : undefined
      default:
        return undefined
    }
  }

  /** Reads a character between elements; gives whether an element begins with it. */
  #between(character: number): boolean {
    const expected = this.#expected
    if (expected === 'array' && character === OPEN_BRACKET) this.#expected = 'first'
    else if (expected === 'separator' && character === COMMA) this.#expected = 'element'
    else if ((expected === 'separator' || expected === 'first') && character === CLOSE_BRACKET) {
      this.#expected = 'nothing'
    } else if (
      (expected === 'first' || expected === 'element') &&
      character !== COMMA &&
      character !== CLOSE_BRACKET
    ) {
      return true
    } else {
      const found = JSON.stringify(String.fromCharCode(character))
      this.#fail(`${found} was found where ${PHRASES[expected]} was expected`)
    }
    return false
  }

  #begin(character: number): void {
    const { line, item } = this.#begun
    // The first element of the file is the first of its line too.
    const isFollowing = line === this.line && this.#hasBegun
    this.#begun = { line: this.line, item: isFollowing ? item + 1 : 1 }
    this.#hasBegun = true
    this.#isInside = true
    this.#lengthEnded(character)
  }
  #hasBegun = false

  #fail(problem: string, line = this.line): never {
    throw new BatchFileError(this.#file, problem, { line })
  }
}

const PHRASES = {
  array: 'the opening [ of a JSON array',
  first: 'an element or the closing ]',
  element: 'an element',
  separator: 'a comma or the closing ]',
  nothing: 'the end of the file',
}

const [TAB, LF, CR, SPACE, QUOTE, COMMA] = [9, 10, 13, 32, 34, 44] as const
const [OPEN_BRACKET, BACKSLASH, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [
  91, 92, 93, 123, 125,
] as const
