import Table from 'cli-table3'
import stringWidth from 'string-width'
import { named, printable } from '../../src/internal.ts'

export type Alignment = 'left' | 'right'

/**
 * A table as text, with what is unprintable in it as escapes: a head, a rule and the rows, without borders, so that it is easy to copy. In a right-aligned
 * column, numbers with the same number of decimals have their points below each other. With `columns`, the
 * width of a terminal, longer lines are cut.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
  columns?: number,
): string {
  const table = new Table({
    ...PLAIN,
    head: [...head],
    colAligns: head.map((_, column) => alignments[column] ?? 'left'),
  })
  table.push(...rows.map((row) => row.map(printable)))
  const text = withoutTrailingSpace(table.toString())
  if (columns === undefined) return text
  return text
    .split('\n')
    .map((line) => cutTo(line, columns))
    .join('\n')
}

/** Cuts a line to the given width in columns of a terminal. */
function cutTo(line: string, columns: number): string {
  if (stringWidth(line) <= columns) return line
  let cut = ''
  let width = 0
  for (const { segment } of segmenter.segment(line)) {
    width += stringWidth(segment)
    if (width >= columns) break
    cut += segment
  }
  return `${cut}…`
}

const segmenter = new Intl.Segmenter('en')

/** Names and values, one pair per line. */
export function renderPairs(rows: readonly (readonly string[])[]): string {
  const table = new Table(PLAIN)
  table.push(...rows.map((row) => row.map(printable)))
  return withoutTrailingSpace(table.toString())
}

/** Any text as a table cell: unchanged if it is short and printable, else quoted and cut. */
export const cell = (text: string, longest = 256): string =>
  text === '' ? '' : named(text, longest)

const withoutTrailingSpace = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')

const BORDERS = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'right',
  'right-mid',
  'mid',
  'mid-mid',
]

const PLAIN = {
  chars: { ...Object.fromEntries(BORDERS.map((border) => [border, ''])), middle: '  ' },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
}
