import Table from 'cli-table3'
import stringWidth from 'string-width'
import { named, printable } from '../../src/internal.ts'

export type Alignment = 'left' | 'right'

/**
 * A table as text, with what is unprintable in it as escapes: a head, a rule and the rows, without borders, so that it is easy to copy. In a right-aligned
 * column, numbers with the same number of decimals have their points below each other. With `columns`, the
 * width of a terminal, left-aligned columns get narrower, the widest first, and their cells get several lines. If that is
 * not enough, lines are cut.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
  columns?: number,
): string {
  const cells = rows.map((row) => row.map(printable))
  const alignmentOf = (column: number) => alignments[column] ?? 'left'
  const widths = head.map((name, column) =>
    cells.reduce(
      (widest, row) => Math.max(widest, stringWidth(row[column] ?? '')),
      stringWidth(name),
    ),
  )
  if (columns !== undefined) {
    const isFlexible = (column: number) => alignmentOf(column) === 'left'
    const least = head.map((name) => Math.max(NARROWEST, ...name.split(' ').map(stringWidth)))
    narrow(widths, { available: columns - GAP * (head.length - 1), least, isFlexible })
  }
  const layout = {
    ...PLAIN,
    colAligns: head.map((_, column) => alignmentOf(column)),
    colWidths: widths,
    wordWrap: columns !== undefined,
  }
  const broken = [head, ...cells].map((row) =>
    row.map((text, column) => breakWords(text, widths[column] ?? 0)),
  )
  const text = inParts(broken)
    .map((rowsOfPart, part) => {
      const table = new Table({ ...layout, head: part === 0 ? (rowsOfPart.shift() ?? []) : [] })
      table.push(...rowsOfPart)
      return withoutTrailingSpace(table.toString())
    })
    .join('\n')
  if (columns === undefined) return text
  return text
    .split('\n')
    .map((line) => cutTo(line, columns))
    .join('\n')
}

/** The most rows that the library gets at once. It passes all as arguments of one call, and its work grows with their square. */
const LONGEST_PART = 50

function inParts<Row>(rows: readonly Row[]): Row[][] {
  const count = Math.ceil(rows.length / LONGEST_PART)
  return Array.from({ length: count }, (_, part) =>
    rows.slice(part * LONGEST_PART, (part + 1) * LONGEST_PART),
  )
}

/** Wraps the lines of a text between words, to the width of a terminal if there is one. */
export function wrapText(text: string, columns: number | undefined): string {
  if (columns === undefined) return text
  const table = new Table({ ...PLAIN, colWidths: [columns], wordWrap: true })
  table.push(...text.split('\n').map((line) => [breakWords(printable(line), columns)]))
  return withoutTrailingSpace(table.toString())
}

/** Makes the widest of the flexible columns narrower until all of them fit, or until each is as narrow as can be read. */
function narrow(
  widths: number[],
  {
    available,
    least,
    isFlexible,
  }: {
    available: number
    least: readonly number[]
    isFlexible: (column: number) => boolean
  },
): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - available
  for (; excess > 0; excess -= 1) {
    const flexible = widths.map((width, column) =>
      isFlexible(column) && width > (least[column] ?? 0) ? width : 0,
    )
    const widest = Math.max(...flexible)
    if (widest === 0) return
    widths[flexible.lastIndexOf(widest)] = widest - 1
  }
}

/** Breaks words that are wider than a column, such as ids. The table itself would cut them. */
function breakWords(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text
  return text
    .split(' ')
    .map((word) => {
      let broken = ''
      let width = 0
      for (const { segment } of segmenter.segment(word)) {
        const added = stringWidth(segment)
        if (width + added > columns) broken += '\n'
        width = width + added > columns ? added : width + added
        broken += segment
      }
      return broken
    })
    .join(' ')
}

/** The space between columns. */
const GAP = 2

/** The width of a column that cannot get narrower: that of a date. No word of a head is broken either. */
const NARROWEST = 10

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

/** A time in UTC, to the second. Where it stands in a table, the head says that it is UTC. */
export const timeCell = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ')

/** Texts of one width, so that amounts with the same decimals have their points below each other. */
export function alignedRight(texts: readonly string[]): string[] {
  const width = Math.max(...texts.map((text) => text.length))
  return texts.map((text) => text.padStart(width))
}

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
