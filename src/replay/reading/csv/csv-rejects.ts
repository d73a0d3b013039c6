import type { RejectsFormat } from '../batch-file.ts'
import { MADE_ID_COLUMN, REJECT_COLUMNS } from '../reject-columns.ts'
import { type Dialect, csvField } from './dialect.ts'

interface CsvRejectsOptions {
  readonly dialect: Dialect
  /** Whether one of the columns has the ids. */
  readonly hasIds: boolean
  /** What stands before the header. */
  readonly preface: string
}

/**
 * Rejects as lines of separated values: the marks, with the made id of a file that has none, then the
 * file's own columns. A line that is mended grows at its end, and a column has the number that it had.
 */
export function csvRejects(
  columns: readonly string[],
  { dialect, hasIds, preface }: CsvRejectsOptions,
): RejectsFormat {
  const { delimiter } = dialect
  const written = (fields: readonly string[]) =>
    fields.map((field) => csvField(field, dialect)).join(delimiter)
  const head = `${preface}${written(rejectsColumns(columns, hasIds))}\n`
  return {
    head,
    separator: '\n',
    tail: '\n',
    empty: head,
    write({ code, message, line, transferId = '', text }): string {
      const marks = [code, message, String(line), ...(hasIds ? [] : [transferId])]
      return `${written(marks)}${delimiter}${text}`
    },
  }
}

/** The columns of a file of rejects. */
export const rejectsColumns = (columns: readonly string[], hasIds: boolean): readonly string[] => [
  ...REJECT_COLUMNS,
  ...(hasIds ? [] : [MADE_ID_COLUMN]),
  ...columns,
]
