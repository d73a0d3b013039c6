import { BatchFileError } from '../../errors.ts'
import type { RecordPlace } from '../../record-place.ts'
import { MAX_RECORD_BYTES, type RawRecord } from '../../source/raw-record.ts'
import {
  CLOSE_BRACKET,
  COMMA,
  LF,
  OPEN_BRACE,
  OPEN_BRACKET,
  ValueScanner,
  isJsonSpace,
} from './json-scanner.ts'

/** Where the elements of a file are: in an array, in an array within an object, or one after another. */
export type ElementLayout = 'array' | 'wrapped' | 'objects'

/** How the objects of a JSON file are laid out: one a line, or as elements. */
export type JsonLayout = 'lines' | ElementLayout

type Expected = 'array' | 'first' | 'element' | 'separator' | 'object' | 'nothing'

/**
 * Splits the elements of a JSON array, or objects one after another, in bounded memory. A wrapped array is read from
 * after its opening bracket to its closing one, and there may be several.
 */
export class ElementSplitter {
  /** The line of the current character. */
  line = 1
  readonly #file: string
  readonly #layout: ElementLayout
  #expected: Expected
  readonly #scanner = new ValueScanner()
  /** Whether an element has started and not ended. */
  #isInElement = false
  /** The start of the element, if it is in an earlier piece. */
  #text = ''
  /** Where the latest element starts; undefined before the first. */
  #start: { readonly line: number; readonly item: number } | undefined

  constructor(file: string, layout: ElementLayout) {
    this.#file = file
    this.#layout = layout
    this.#expected = layout === 'array' ? 'array' : layout === 'objects' ? 'object' : 'nothing'
  }

  /** Whether the array has not been closed. */
  get isOpen(): boolean {
    return this.#expected !== 'nothing'
  }

  /** Starts after the opening bracket of an array. */
  open(): void {
    this.#expected = 'first'
  }

  /** Reads the next piece of the text. Returns the elements that end in it. */
  add(piece: string): RawRecord[] {
    const records: RawRecord[] = []
    this.read(piece, 0, records)
    return records
  }

  /**
   * Reads a piece of the text from a position, and adds the elements that end in it. Returns the position after the
   * end of a wrapped array, or else that of the piece.
   */
  read(piece: string, from: number, records: RawRecord[]): number {
    let start = from
    let position = from
    while (position < piece.length) {
      if (this.#isInElement && this.#start) {
        const end = this.#scanner.end(piece, position)
        this.line += this.#scanner.lines
        if (end === undefined) break
        records.push({ ...this.#start, text: this.#text + piece.slice(start, end) })
        this.#text = ''
        this.#isInElement = false
        this.#expected = this.#layout === 'objects' ? 'object' : 'separator'
        position = end
        continue
      }
      const character = piece.charCodeAt(position)
      if (character === LF) this.line += 1
      if (!isJsonSpace(character) && this.#readBetweenElements(character) === 'start') {
        start = position
        this.#startElement()
        continue
      }
      position += 1
      if (!this.isOpen && this.#layout === 'wrapped') return position
    }
    if (this.#isInElement) this.#keep(piece.slice(start))
    return piece.length
  }

  /** Keeps the start of an element whose end is in a later piece. */
  #keep(text: string): void {
    this.#text += text
    if (this.#text.length <= MAX_RECORD_BYTES) return
    this.#fail(
      `the element that starts here is longer than ${MAX_RECORD_BYTES} characters: remove or shorten it`,
      this.#start,
    )
  }

  /** Throws if the text ended too early. */
  end(): void {
    if (this.#expected === 'nothing') return
    if (this.#expected === 'array') this.#fail('the file is empty: expected a JSON array')
    if (this.#layout !== 'objects') {
      this.#fail('the array never closes, so the file is incomplete: download it again')
    }
    if (this.#isInElement) {
      const problem =
        'the object that starts here never closes: correct it, or download the file again'
      this.#fail(problem, this.#start)
    }
  }

  /** Reads a character outside elements. Returns `start` if an element starts with it. */
  #readBetweenElements(character: number): 'start' | undefined {
    const expected = this.#expected
    if (expected === 'object' && character === OPEN_BRACE) return 'start'
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

  #startElement(): void {
    const { line } = this
    const item = this.#start?.line === line ? this.#start.item + 1 : 1
    this.#start = { line, item }
    this.#isInElement = true
  }

  #fail(problem: string, { line, item }: RecordPlace = this): never {
    throw new BatchFileError(this.#file, problem, { line, item })
  }
}

const EXPECTED: Readonly<Record<Expected, string>> = {
  array: 'the opening [ of a JSON array',
  first: 'an element or the closing ]',
  element: 'an element',
  separator: 'a comma or the closing ]',
  object: 'the opening { of an object or the end of the file',
  nothing: 'the end of the file',
}
