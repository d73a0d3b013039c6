import Table from 'cli-table3'

/** How a column is set. */
export type Alignment = 'left' | 'right'

/**
 * A table as text: a head, a rule, and the rows, with no borders to get in the way of copying. Numbers
 * of equal decimals in a right-aligned column stand with their points one below the other.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string {
  const table = new Table({
    ...PLAIN,
    head: [...head],
    colAligns: head.map((_, column) => alignments[column] ?? 'left'),
  })
  table.push(...rows.map((row) => [...row]))
  return withoutTrailingSpace(table.toString())
}

/** Names and values, one pair a line. */
export function renderPairs(rows: readonly (readonly string[])[]): string {
  const table = new Table(PLAIN)
  table.push(...rows.map((row) => [...row]))
  return withoutTrailingSpace(table.toString())
}

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
