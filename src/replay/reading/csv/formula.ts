import { type Dialect, isSpaceOrTab } from './dialect.ts'

/** What makes a spreadsheet take a cell for a formula, or lets one begin after it. Full-width signs count too. */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/
const PLAIN_NUMBER = /^\s*[+-]?\d+(?:\.\d+)?\s*$/

/**
 * A cell that no spreadsheet takes for a formula: with an apostrophe before it if it begins like one. A plain
 * number such as `-12.50` stays as it is.
 */
export const withoutFormula = (cell: string): string =>
  FORMULA.test(cell) && !PLAIN_NUMBER.test(cell) ? `'${cell}` : cell

/** {@link withoutFormula} for each field of a record. Nothing else in its text changes. */
export function recordWithoutFormulas(text: string, dialect: Dialect): string {
  let safe = ''
  let position = 0
  while (position < text.length) {
    const { start, end, next } = fieldAt(text, position, dialect)
    const isSafe = withoutFormula(text.slice(start, end)) === text.slice(start, end)
    safe += `${text.slice(position, start)}${isSafe ? '' : "'"}${text.slice(start, next)}`
    position = next
  }
  return safe
}

/** Where the value of the field at a position starts and ends, and where the next field starts. */
function fieldAt(
  text: string,
  position: number,
  { delimiter, quote }: Dialect,
): { start: number; end: number; next: number } {
  let opening = position
  while (isSpaceOrTab(text, opening) && !text.startsWith(delimiter, opening)) opening++
  // As the reader has it, a quote is one only at the start of a field.
  const isQuoted = quote !== '' && text.startsWith(quote, opening)
  const start = isQuoted ? opening + quote.length : position
  const end = isQuoted ? closingQuote(text, start, quote) : endOfField(text, start, delimiter)
  const rest = endOfField(text, end, delimiter)
  const length = text.startsWith(delimiter, rest) ? delimiter.length : 1
  return { start, end, next: Math.min(rest + length, text.length) }
}

/** The position of the next delimiter, or of the end of a line outside quotes, or else the end of the text. */
function endOfField(text: string, start: number, delimiter: string): number {
  const ends = [text.indexOf(delimiter, start), text.indexOf('\n', start)]
  return Math.min(...ends.map((end) => (end < 0 ? text.length : end)))
}

function closingQuote(text: string, start: number, quote: string): number {
  let end = text.indexOf(quote, start)
  while (end >= 0 && text.startsWith(quote, end + quote.length)) {
    end = text.indexOf(quote, end + 2 * quote.length)
  }
  return end < 0 ? text.length : end
}
