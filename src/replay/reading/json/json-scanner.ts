/** The characters that make up the structure of JSON, and its white space. */
export const [LF, QUOTE, COMMA, COLON] = [10, 34, 44, 58] as const
export const [OPEN_BRACKET, CLOSE_BRACKET] = [91, 93] as const
export const [OPEN_BRACE, CLOSE_BRACE] = [123, 125] as const
const [TAB, CR, SPACE, BACKSLASH] = [9, 13, 32, 92] as const

export const isJsonSpace = (character: number): boolean =>
  character === SPACE || character === LF || character === CR || character === TAB

/** Finds the end of a JSON value, character by character. It looks only at strings, brackets and braces. */
export class ValueScanner {
  /** How many brackets and braces are open. */
  #depth = 0
  #isString = false
  #isEscaped = false

  /** Reads the first character of a value, after the end of the one before. */
  start(character: number): void {
    this.read(character)
  }

  /**
   * Reads the next character of the value. Returns which character is its last one: this one, or the previous one if
   * this one does not belong to it. Undefined if the value goes on.
   */
  read(character: number): 'this' | 'previous' | undefined {
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
}
