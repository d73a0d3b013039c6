import { named, printable } from '../../src/internal.ts'
import { changeUnpainted, linesMarkedAs, paint, unpainted } from './paint.ts'
import { widthOf, wrapCell } from './wrapping.ts'

export type Alignment = 'left' | 'right'

type Row = readonly string[]

/**
 * A table as text, with what is unprintable in it as escapes: a head and the rows, without borders, so that it is easy to copy. In a right-aligned
 * column, numbers with the same number of decimals have their points below each other. With `columns`, the
 * width of a terminal, left-aligned columns get narrower, the widest first, and their cells get several lines. If that is
 * not enough, columns without a value are left out, and then each row becomes a list of names and values.
 */
export function renderTable(
  head: Row,
  rows: readonly Row[],
  alignments: readonly Alignment[] = [],
  columns?: number,
): string {
  const cells = rows.map((row) => row.map(printableCell))
  const alignmentOf = (column: number) => alignments[column] ?? 'left'
  let widths: number[] | undefined = widthsOf([head, ...cells])
  if (columns !== undefined) {
    const least = head.map((name, column) =>
      alignmentOf(column) === 'left'
        ? Math.max(NARROWEST, ...name.split(' ').map(widthOf))
        : Infinity,
    )
    widths = fitted([head, ...cells], widths, { least, columns })
  }
  if (!widths) {
    const isUsed = head.map((_, column) => cells.some((row) => row[column]))
    if (isUsed.every(Boolean)) {
      return cells.map((row) => renderPairs(pairsOf(head, row), columns)).join('\n\n')
    }
    const used = <Value>(values: readonly Value[]) => values.filter((_, column) => isUsed[column])
    return renderTable(
      used(head),
      rows.map(used),
      used(head.map((_, column) => alignmentOf(column))),
      columns,
    )
  }
  return [head.map(paint.head), ...cells]
    .flatMap((row) => linesOf(row, widths, alignmentOf))
    .join('\n')
}

/** Names and values, one pair per line. With `columns`, the width of a terminal, long values get several lines. */
export function renderPairs(rows: readonly Row[], columns?: number): string {
  const cells = rows.map((row) => row.map(printableCell))
  const widths = widthsOf(cells)
  const [names = 0, values = 0] = widths
  if (columns !== undefined) {
    widths[1] = Math.min(values, Math.max(NARROWEST, columns - names - GAP.length))
  }
  return cells.flatMap((row) => linesOf(row, widths, () => 'left')).join('\n')
}

const pairsOf = (head: Row, row: Row): Row[] =>
  head.flatMap((name, column) => (row[column] ? [[paint.head(name), row[column]]] : []))

const printableCell = (text: string): string => changeUnpainted(text, printable)

function widthsOf(rows: readonly Row[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, text] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(text))
    }
  }
  return widths
}

/** The lines of one row: as many as its highest cell has. */
function linesOf(
  row: Row,
  widths: readonly number[],
  alignmentOf: (column: number) => Alignment,
): string[] {
  const cells = widths.map((width, column) =>
    linesMarkedAs(row[column] ?? '', (text) => wrapCell(text, width)),
  )
  const height = Math.max(...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, index) =>
    cells
      .map((lines, column) => padded(lines[index] ?? '', widths[column] ?? 0, alignmentOf(column)))
      .join(GAP)
      .trimEnd(),
  )
}

function padded(text: string, width: number, alignment: Alignment): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return alignment === 'left' ? text + space : space + text
}

interface Fitting {
  /** How narrow each column can be. */
  readonly least: readonly number[]
  /** The width of the terminal. */
  readonly columns: number
}

/** The widths with which a table fits a terminal: as near as possible to those that it wants. Undefined if there are none. */
function fitted(
  rows: readonly Row[],
  wanted: readonly number[],
  { least, columns }: Fitting,
): number[] | undefined {
  const narrowed = narrow(wanted, { least, columns })
  if (!narrowed) return undefined
  const used = narrowed.map((width, column) =>
    width === wanted[column] ? width : widestLine(rows, column, width),
  )
  // A column whose words leave room in it, such as one of dates, gives the room to the others.
  const isSettled = (column: number) => (used[column] ?? 0) < (narrowed[column] ?? 0)
  return narrow(
    wanted.map((width, column) => (isSettled(column) ? (used[column] ?? 0) : width)),
    { least: least.map((width, column) => (isSettled(column) ? Infinity : width)), columns },
  )
}

/** Makes the widest columns narrower until all fit. Returns undefined if they do not fit when each is as narrow as it can be. */
function narrow(wanted: readonly number[], { least, columns }: Fitting): number[] | undefined {
  const widths = [...wanted]
  const available = columns - GAP.length * (widths.length - 1)
  let excess = widths.reduce((sum, width) => sum + width, 0) - available
  for (; excess > 0; excess -= 1) {
    const flexible = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0))
    const widest = Math.max(...flexible)
    if (widest === 0) return undefined
    widths[flexible.lastIndexOf(widest)] = widest - 1
  }
  return widths
}

const widestLine = (rows: readonly Row[], column: number, width: number): number =>
  rows.reduce(
    (widest, row) =>
      Math.max(widest, ...wrapCell(unpainted(row[column] ?? ''), width).map(widthOf)),
    0,
  )

/** The space between columns. */
const GAP = '  '

/** The width of a column that cannot get narrower: that of a date. No word of a head is broken either. */
const NARROWEST = 10

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
