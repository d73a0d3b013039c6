import type { RejectsFormat } from './batch-file.ts'
import { type Dialect, csvField } from './dialect.ts'
import { MADE_ID, MARKS } from './marks.ts'

/**
 * Rejects as lines of separated values: the marks, then the file's own columns, so that each can be mapped by
 * the number that it had, then the made ids of a file that has none.
 */
export function csvRejects(
  columns: readonly string[],
  { dialect, hasIds }: { dialect: Dialect; hasIds: boolean },
): RejectsFormat {
  const { delimiter } = dialect
  const written = (fields: readonly string[]) =>
    fields.map((field) => csvField(field, dialect)).join(delimiter)
  const head = `${written(rejectsColumns(columns, hasIds))}\n`
  return {
    head,
    separator: '\n',
    tail: '\n',
    none: head,
    write({ code, message, line, transferId = '', text }): string {
      const marked = `${written([code, message, String(line)])}${delimiter}${text}`
      return hasIds ? marked : `${marked}${delimiter}${csvField(transferId, dialect)}`
    },
  }
}

/** The columns of a file of rejects. */
export const rejectsColumns = (columns: readonly string[], hasIds: boolean): readonly string[] => [
  ...MARKS,
  ...columns,
  ...(hasIds ? [] : [MADE_ID]),
]
