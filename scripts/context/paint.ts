import { randomUUID } from 'node:crypto'
import { styleText } from 'node:util'
import { printableLines } from '../../src/internal.ts'

/** What each colour means. */
const STYLES = {
  /** What a person wanted: posted, applied, balanced. */
  good: 'green',
  /** What a person should look at: pending, interrupted, not written. */
  warning: 'yellow',
  /** What failed or was refused. */
  bad: 'red',
  /** What a person rarely needs. */
  faint: 'dim',
  /** The head of a table. */
  head: 'bold',
} as const
type Meaning = keyof typeof STYLES

// No data can have it, because it is drawn at random when the process starts.
const SECRET = randomUUID()

/** A mark before a painted text, with its meaning, or after it, without one. */
const MARK = new RegExp(`\u0000${SECRET}(\\w*)\u0000`)
const markOf = (meaning: string): string => `\u0000${SECRET}${meaning}\u0000`

const painted =
  (meaning: Meaning) =>
  (text: string): string =>
    markOf(meaning) + text + markOf('')

/**
 * Functions that mark a text with what it means, such as `paint.bad('refused')`. Only {@link coloured} makes colours of the
 * marks: escape sequences in data stay escaped. A cell of a table is marked as a whole.
 */
export const paint = {
  good: painted('good'),
  warning: painted('warning'),
  bad: painted('bad'),
  faint: painted('faint'),
  head: painted('head'),
}

/** The parts of a text between its marks, each with its meaning: an empty one if it has none. */
function partsOf(text: string): { text: string; meaning: string }[] {
  if (!text.includes(SECRET)) return [{ text, meaning: '' }]
  const parts = text.split(MARK)
  return parts
    .map((part, index) => ({ text: part, meaning: parts[index - 1] ?? '' }))
    .filter((_, index) => index % 2 === 0)
}

/** A text without its marks. */
export const unpainted = (marked: string): string =>
  partsOf(marked)
    .map(({ text }) => text)
    .join('')

/** A text with all but its marks changed. */
export const changeUnpainted = (marked: string, change: (text: string) => string): string =>
  partsOf(marked)
    .map(({ text, meaning }, index) => (index === 0 ? '' : markOf(meaning)) + change(text))
    .join('')

/** Makes lines of a text that is marked as a whole or not at all. Each is marked as the text was. */
export function linesMarkedAs(marked: string, linesOf: (text: string) => string[]): string[] {
  const [before, whole] = partsOf(marked)
  const lines = linesOf(unpainted(marked))
  if (before?.text !== '' || whole === undefined) return lines
  return lines.map((line) => markOf(whole.meaning) + line + markOf(''))
}

/** A text for a terminal with colours. Nothing in the data in it acts on the terminal. */
export const coloured = (marked: string): string =>
  partsOf(marked)
    .map(({ text, meaning }) => {
      const shown = printableLines(text)
      return meaning === '' || shown === ''
        ? shown
        : styleText(STYLES[meaning as Meaning], shown, { validateStream: false })
    })
    .join('')

/** A text without colours, for everything else. It does not act on a terminal either. */
export const plain = (marked: string): string => printableLines(unpainted(marked))
