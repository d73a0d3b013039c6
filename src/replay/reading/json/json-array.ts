import { BatchFileError } from '../../errors.ts'
import type { Source } from '../../source/source.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordBlocks } from '../../source/raw-record.ts'

/**
 * Splits a JSON array into the texts of its elements, in bounded memory. Only the structure of the array is
 * checked: if it is broken, that is a {@link BatchFileError}.
 */
export async function* jsonArrayRecords({
  name: file,
  encoding,
  bytes,
}: Pick<Source, 'name' | 'encoding' | 'bytes'>): RecordBlocks {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const splitter = new ArraySplitter(file)
  const decode = (block?: Buffer): string => {
    try {
      return block ? decoder.decode(block, { stream: true }) : decoder.decode()
    } catch (error) {
      const advice = encoding.decoder ? '' : ': add --encoding, such as --encoding windows-1252'
      const problem = `the text here or shortly after is not valid ${encoding.name}${advice}`
      throw new BatchFileError(file, problem, { line: splitter.line }, { cause: error })
    }
  }
  for await (const block of bytes()) yield splitter.add(decode(block))
  yield splitter.add(decode())
  splitter.end()
}

class ArraySplitter {
  /** The line of the current character. */
  line = 1
  readonly #file: string
  #expected: 'array' | 'first' | 'element' | 'separator' | 'nothing' = 'array'
  /** Whether an element has started and not ended. */
  #isInElement = false
  /** The start of the element, if it is in an earlier piece. */
  #text = ''
  /** Where the latest element starts; undefined before the first. */
  #start: { readonly line: number; readonly item: number } | undefined
  /** How many brackets and braces are open in the element. */
  #depth = 0
  #isString = false
  #isEscaped = false

  constructor(file: string) {
    this.#file = file
  }

  /** Reads the next piece of the text. Returns the elements that end in it. */
  add(piece: string): RawRecord[] {
    const records: RawRecord[] = []
    let start = 0
    for (let position = 0; position < piece.length; position++) {
      const character = piece.charCodeAt(position)
      if (character === LF) this.line += 1
      if (this.#isInElement && this.#start) {
        const last = this.#readInElement(character)
        if (last === undefined) continue
        const end = last === 'this' ? position + 1 : position
        records.push({ ...this.#start, text: this.#text + piece.slice(start, end) })
        this.#text = ''
        this.#isInElement = false
        this.#expected = 'separator'
        if (last === 'this') continue
      }
      if (character === SPACE || character === LF || character === CR || character === TAB) continue
      if (this.#readBetweenElements(character) === 'start') {
        start = position
        this.#startElement(character)
      }
    }
    if (this.#isInElement) {
      this.#text += piece.slice(start)
      if (this.#text.length > MAX_RECORD_BYTES) {
        this.#fail(
          `the element that starts here is longer than ${MAX_RECORD_BYTES} characters: remove or shorten it`,
          this.#start?.line,
        )
      }
    }
    return records
  }

  /** Throws if the text ended too early. */
  end(): void {
    if (this.#expected === 'nothing') return
    if (this.#expected === 'array') this.#fail('the file is empty: expected a JSON array')
    this.#fail('the array never closes, so the file is incomplete: download it again')
  }

  /** Reads a character of an element. If the element ends there, returns which character is its last. */
  #readInElement(character: number): 'this' | 'previous' | undefined {
    if (this.#isString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (character === BACKSLASH) this.#isEscaped = true
      else if (character === QUOTE) this.#isString = false
      return !this.#isString && this.#depth === 0 ? 'this' : undefined
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
        if (this.#depth === 0) return 'previous'
        this.#depth -= 1
        return this.#depth === 0 ? 'this' : undefined
      case COMMA:
        return this.#depth === 0 ? 'previous' : undefined
      default:
        return undefined
    }
  }

  /** Reads a character outside elements. Returns `start` if an element starts with it. */
  #readBetweenElements(character: number): 'start' | undefined {
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
      return 'start'
    } else {
      const found = JSON.stringify(String.fromCharCode(character))
      this.#fail(`expected ${EXPECTED[expected]}, but found ${found}`)
    }
    return undefined
  }

  #startElement(character: number): void {
    const { line } = this
    const item = this.#start?.line === line ? this.#start.item + 1 : 1
    this.#start = { line, item }
    this.#isInElement = true
    this.#readInElement(character)
  }

  #fail(problem: string, line = this.line): never {
    throw new BatchFileError(this.#file, problem, { line })
  }
}

const EXPECTED = {
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
