export interface Dialect {
  /** Stands between two fields. */
  readonly delimiter: string
  /**
   * Stands around a field with delimiters or line ends in it, and is doubled inside. Empty if fields are
   * never quoted.
   */
  readonly quote: string
  /** What a line that is a comment starts with. */
  readonly comment?: string | undefined
}

export function isSpaceOrTab(text: string, position: number): boolean {
  const character = text.charCodeAt(position)
  return character === 32 || character === 9
}

export const withoutCarriageReturn = (text: string): string =>
  text.endsWith('\r') ? text.slice(0, -1) : text

/** A record's text without its first `count` fields, or all of it if it has fewer. */
export function withoutFirstFields(
  text: string,
  count: number,
  { delimiter, quote }: Dialect,
): string {
  let isQuoted = false
  let passed = 0
  for (let position = 0; position < text.length; position++) {
    if (text[position] === quote) isQuoted = !isQuoted
    if (isQuoted || !text.startsWith(delimiter, position)) continue
    passed += 1
    if (passed === count) return text.slice(position + delimiter.length)
  }
  return text
}

/** A text without spaces and tabs at its ends. */
export function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpaceOrTab(text, start)) start++
  while (end > start && isSpaceOrTab(text, end - 1)) end--
  return end - start === text.length ? text : text.slice(start, end)
}

/**
 * A value written as a field, quoted if necessary. Without quotes, delimiters and line ends in it become
 * spaces or `_`.
 */
export function csvField(value: string, { delimiter, quote }: Dialect): string {
  if (quote === '') {
    const replacement = delimiter.trim() === '' ? '_' : ' '
    return value.replaceAll(delimiter, replacement).replaceAll(/[\r\n]+/g, replacement)
  }
  const isPlain = !value.includes(delimiter) && !value.includes(quote) && !/[\r\n]/.test(value)
  return isPlain ? value : `${quote}${value.replaceAll(quote, quote + quote)}${quote}`
}
