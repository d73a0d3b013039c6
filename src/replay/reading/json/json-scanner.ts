/** The characters that make up the structure of JSON, and its white space. */
export const [LF, QUOTE, COMMA, COLON] = [10, 34, 44, 58] as const
export const [OPEN_BRACKET, CLOSE_BRACKET] = [91, 93] as const
export const [OPEN_BRACE, CLOSE_BRACE] = [123, 125] as const
const [TAB, CR, SPACE, BACKSLASH] = [9, 13, 32, 92] as const

export const isJsonSpace = (character: number): boolean =>
  character === SPACE || character === LF || character === CR || character === TAB

/** Finds the end of a JSON value, which may be in a later piece. It looks only at strings, brackets and braces. */
export class ValueScanner {
  /** How many line ends the last piece had in the value. */
  lines = 0
  /** How many brackets and braces are open. */
  #depth = 0
  #isString = false
  #isEscaped = false

  /**
   * Reads a piece of the value, from its first character or from where the piece starts. Returns the position after
   * the value; undefined if it goes on.
   */
  end(piece: string, from: number): number | undefined {
    // In local variables, because this loop is most of the work on a file.
    let [depth, isString, isEscaped, lines] = [this.#depth, this.#isString, this.#isEscaped, 0]
    let end: number | undefined
    for (let position = from; position < piece.length && end === undefined; position++) {
      const character = piece.charCodeAt(position)
      if (isString) {
        if (isEscaped) isEscaped = false
        else if (character === BACKSLASH) isEscaped = true
        else if (character === QUOTE) {
          isString = false
          if (depth === 0) end = position + 1
        } else if (character === LF) lines += 1
        continue
      }
      switch (character) {
        case QUOTE:
          isString = true
          break
        case OPEN_BRACE:
        case OPEN_BRACKET:
          depth += 1
          break
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          // It closes what is around a number or a word.
          if (depth === 0) end = position
          else if (--depth === 0) end = position + 1
          break
        case COMMA:
          if (depth === 0) end = position
          break
        case LF:
          lines += 1
          break
      }
    }
    this.#depth = depth
    this.#isString = isString
    this.#isEscaped = isEscaped
    this.lines = lines
    return end
  }
}
