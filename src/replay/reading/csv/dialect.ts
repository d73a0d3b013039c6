/** How a file of separated values is written. */
export interface Dialect {
  /** Stands between two fields. */
  readonly delimiter: string
  /** Stands around a field that holds delimiters or line ends, doubled within; empty where there is none. */
  readonly quote: string
}

/** Whether a space or a tab stands at a position. */
export function isBlank(text: string, position: number): boolean {
  const character = text.charCodeAt(position)
  return character === 32 || character === 9
}

/** A line without the CR of its end. */
export const withoutReturn = (text: string): string =>
  text.endsWith('\r') ? text.slice(0, -1) : text

/** A record's text without its first fields; the whole where it has not as many. */
export function withoutFields(text: string, count: number, { delimiter, quote }: Dialect): string {
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

/** A text without the spaces and tabs at its ends. */
export function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text, start)) start++
  while (end > start && isBlank(text, end - 1)) end--
  return end - start === text.length ? text : text.slice(start, end)
}

/** A value as a field, in quotes where it needs them. */
export function csvField(value: string, { delimiter, quote }: Dialect): string {
  if (quote === '') {
    const space = delimiter.trim() === '' ? '_' : ' '
    return value.replaceAll(delimiter, space).replaceAll(/[\r\n]+/g, space)
  }
  const isPlain = !value.includes(delimiter) && !value.includes(quote) && !/[\r\n]/.test(value)
  return isPlain ? value : `${quote}${value.replaceAll(quote, quote + quote)}${quote}`
}
