import Table from 'cli-table3'
import stringWidth from 'string-width'
import { quote } from '../../src/internal.ts'

/** How a column is set. */
export type Alignment = 'left' | 'right'

/**
 * A table as text: a head, a rule, and the rows, with no borders to get in the way of copying. Numbers
 * of equal decimals in a right-aligned column stand with their points one below the other. Where a terminal's
 * columns are given, longer lines are cut.
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
  table.push(...rows.map((row) => [...row]))
  const text = withoutTrailingSpace(table.toString())
  if (columns === undefined) return text
  return text
    .split('\n')
    .map((line) => cutTo(line, columns))
    .join('\n')
}

/** A line that is no wider than so many columns of a terminal. */
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

/** Names and values, one pair a line. */
export function renderPairs(rows: readonly (readonly string[])[]): string {
  const table = new Table(PLAIN)
  table.push(...rows.map((row) => [...row]))
  return withoutTrailingSpace(table.toString())
}

/** A text that may be anything as a cell: as it is where it is short and printable, else quoted and cut. */
export const cell = (text: string, longest = 256): string =>
  text.length <= longest && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? text : quote(text)

const withoutTrailingSpace = (text: string): string => text.replace(/ +$/gm, '')

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
