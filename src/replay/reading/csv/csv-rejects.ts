import type { RejectsFormat } from '../batch-file.ts'
import { MADE_ID_COLUMN, REJECT_COLUMNS } from '../reject-columns.ts'
import { type Dialect, csvField } from './dialect.ts'
import { recordWithoutFormulas } from './formula.ts'

interface CsvRejectsOptions {
  readonly dialect: Dialect
  /** Whether one of the file's columns has ids. */
  readonly hasIds: boolean
  /** The line before the header that names the delimiter for Excel (`sep=;`), with its line end; or empty. */
  readonly separatorLine: string
  /** Whether no cell may look like a formula. */
  readonly isForSpreadsheet: boolean
}

/**
 * Writes rejects as lines of separated values: the reject columns, the made id if the file has no ids, then the
 * record as read. The record comes last so that missing fields can be added at the end of the line. `#3` still
 * means the third of the file's own columns.
 */
export function csvRejects(
  columns: readonly string[],
  { dialect, hasIds, separatorLine, isForSpreadsheet }: CsvRejectsOptions,
): RejectsFormat {
  const { delimiter } = dialect
  const joined = (fields: readonly string[]) =>
    fields.map((field) => csvField(field, dialect)).join(delimiter)
  const header = joined(columnsOfRejects(columns, hasIds))
  const head = `${separatorLine}${isForSpreadsheet ? recordWithoutFormulas(header, dialect) : header}\n`
  return {
    head,
    separator: '\n',
    tail: '\n',
    empty: head,
    write({ code, message, line, transferId = '', text }): string {
      const added = [code, message, String(line), ...(hasIds ? [] : [transferId])]
      const record = `${joined(added)}${delimiter}${text}`
      return isForSpreadsheet ? recordWithoutFormulas(record, dialect) : record
    },
  }
}

/** The header of a file of rejects, for a file with these columns. */
export const columnsOfRejects = (
  columns: readonly string[],
  hasIds: boolean,
): readonly string[] => [...REJECT_COLUMNS, ...(hasIds ? [] : [MADE_ID_COLUMN]), ...columns]
