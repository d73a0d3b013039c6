import { quote } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LF,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  ValueScanner,
  isJsonSpace,
} from './json-scanner.ts'

/** An open object in which the array may be. */
interface OpenObject {
  /** Its dotted name; empty for the outermost. */
  readonly name: string
  /** The dotted name of the array within it. */
  readonly rest: string
  /** Some of its keys, for messages. */
  readonly keys: string[]
}

type Expected = 'document' | 'first' | 'key' | 'colon' | 'value' | 'separator'

/** The most keys of an object that a message lists. */
const MAX_KEYS = 20

/** A longer key, as JSON, is none of those that are looked for. */
const MAX_KEY_LENGTH = 10_000

/**
 * Finds an array within an object by its dotted name, in bounded memory. The file may have several such objects, one
 * after another: each must have the array. Whatever stands around the array is skipped.
 */
export class ArrayFinder {
  /** The line of the current character. */
  line = 1
  /** Whether the last piece was read up to the opening bracket of the array. */
  isFound = false
  readonly #file: string
  readonly #name: string
  readonly #scanner = new ValueScanner()
  /** What the scanner is in: a key, or a value that is skipped. */
  #scanned: 'key' | 'value' | undefined
  #expected: Expected = 'document'
  readonly #open: OpenObject[] = []
  /** The key that was read last, as far as it was read; then its text. */
  #key = ''
  /** Whether the current document had the array. */
  #hasArray = false
  /** Why the current document does not have the array. */
  #problem: { readonly text: string; readonly line: number } | undefined
  #isEmpty = true

  constructor(file: string, name: string) {
    this.#file = file
    this.#name = name
  }

  /** Reads a piece of the text from a position. Returns the position after the start of the array, or of the piece. */
  read(piece: string, from: number): number {
    this.isFound = false
    let position = from
    while (position < piece.length && !this.isFound) {
      if (this.#scanned) {
        position = this.#scan(piece, position)
        continue
      }
      const character = piece.charCodeAt(position)
      if (character === LF) this.line += 1
      if (!isJsonSpace(character)) this.#readBetween(character)
      if (!this.#scanned) position += 1
    }
    return position
  }

  /** Reads a key, or a value that is skipped. Returns the position after it, or after the piece. */
  #scan(piece: string, from: number): number {
    const end = this.#scanner.end(piece, from)
    this.line += this.#scanner.lines
    if (this.#scanned === 'key') this.#addToKey(piece.slice(from, end))
    if (end === undefined) return piece.length
    if (this.#scanned === 'key') this.#endKey()
    else this.#expected = 'separator'
    this.#scanned = undefined
    return end
  }

  /** Throws if the text ended too early. */
  end(): void {
    if (this.#isEmpty) this.#fail(`the file is empty: expected an object with ${this.#array}`)
    if (this.#open.length === 0) return
    this.#fail('the object never closes, so the file is incomplete: download it again')
  }

  get #array(): string {
    return `the array ${quote(this.#name)}, which --at names`
  }

  #readBetween(character: number): void {
    const expected = this.#expected
    if (expected === 'document') this.#startDocument(character)
    else if ((expected === 'first' || expected === 'key') && character === QUOTE) {
      this.#key = ''
      this.#scanned = 'key'
    } else if ((expected === 'first' || expected === 'separator') && character === CLOSE_BRACE) {
      this.#close()
    } else if (expected === 'separator' && character === COMMA) this.#expected = 'key'
    else if (expected === 'colon' && character === COLON) this.#expected = 'value'
    else if (expected === 'value' && !NO_VALUES.has(character)) this.#startValue(character)
    else this.#failAt(character)
  }

  #startDocument(character: number): void {
    if (character === OPEN_BRACKET) {
      this.#fail(`the file is an array itself, not an object with ${this.#array}: leave out --at`)
    }
    if (character !== OPEN_BRACE) this.#failAt(character)
    this.#isEmpty = false
    this.#hasArray = false
    this.#problem = undefined
    this.#enter({ name: '', rest: this.#name, keys: [] })
  }

  #enter(object: OpenObject): void {
    this.#open.push(object)
    this.#expected = 'first'
  }

  #addToKey(text: string): void {
    if (this.#key.length <= MAX_KEY_LENGTH) this.#key += text
  }

  #endKey(): void {
    this.#key = textOfKey(this.#key)
    const { keys } = this.#open.at(-1) as OpenObject
    if (keys.length < MAX_KEYS) keys.push(this.#key)
    this.#expected = 'colon'
  }

  #startValue(character: number): void {
    const { name, rest } = this.#open.at(-1) as OpenObject
    const key = this.#key
    const path = name === '' ? key : `${name}.${key}`
    if (key === rest && character === OPEN_BRACKET) {
      if (this.#hasArray) this.#fail(`${this.#array}, is there twice`)
      this.#hasArray = true
      this.isFound = true
      this.#expected = 'separator'
    } else if (rest.startsWith(`${key}.`) && character === OPEN_BRACE) {
      this.#enter({ name: path, rest: rest.slice(key.length + 1), keys: [] })
    } else {
      if (key === rest) this.#note(`${quote(path)} is ${kindOf(character)}, not an array`)
      if (rest.startsWith(`${key}.`)) {
        this.#note(`${quote(path)} is ${kindOf(character)}, not an object`)
      }
      this.#scanned = 'value'
    }
  }

  /** Notes why the array is not where it was looked for. */
  #note(text: string): void {
    this.#problem ??= { text, line: this.line }
  }

  #close(): void {
    const { name, keys } = this.#open.pop() as OpenObject
    const found = name === '' ? 'the object' : quote(name)
    const listed =
      keys.length === 0 ? 'no keys' : `the keys ${keys.map((key) => quote(key)).join(', ')}`
    this.#note(`${found} has ${listed}`)
    this.#expected = this.#open.length === 0 ? 'document' : 'separator'
    if (this.#open.length > 0 || this.#hasArray || !this.#problem) return
    const { text, line } = this.#problem
    this.#fail(`${this.#array}, was not found: ${text}`, line)
  }

  #failAt(character: number): never {
    const found = JSON.stringify(String.fromCharCode(character))
    this.#fail(`expected ${EXPECTED[this.#expected]}, but found ${found}`)
  }

  #fail(problem: string, line = this.line): never {
    throw new BatchFileError(this.#file, problem, { line })
  }
}

/** What no value starts with. */
const NO_VALUES: ReadonlySet<number> = new Set([COMMA, COLON, CLOSE_BRACE, CLOSE_BRACKET])

const EXPECTED: Readonly<Record<Expected, string>> = {
  document: 'the opening { of an object',
  first: 'a key in double quotes or the closing }',
  key: 'a key in double quotes',
  colon: 'a colon after the key',
  value: 'a value after the colon',
  separator: 'a comma or the closing }',
}

function textOfKey(json: string): string {
  try {
    return String(JSON.parse(json))
  } catch {
    return json
  }
}

function kindOf(character: number): string {
  switch (character) {
    case OPEN_BRACE:
      return 'an object'
    case OPEN_BRACKET:
      return 'an array'
    case QUOTE:
      return 'a text'
    default:
      return 'null, true, false or a number'
  }
}
