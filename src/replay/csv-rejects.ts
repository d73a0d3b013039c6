import type { Reject, RejectsFormat } from './batch-file.ts'
import { type Dialect, csvField, readFields, trimmed } from './csv.ts'
import { MADE_ID, MARKS } from './marks.ts'

export interface CsvRejectsOptions {
  readonly dialect: Dialect
  /** Where the ids are; undefined in a file that has none. */
  readonly idIndex: number | undefined
}

/**
 * Rejects as lines of separated values: the marks, then the file's own columns, so that each can be mapped by
 * the number that it had, then the made id, in a file that has none.
 */
export function csvRejects(
  columns: readonly string[],
  { dialect, idIndex }: CsvRejectsOptions,
): RejectsFormat {
  const written = (fields: readonly string[]) =>
    fields.map((field) => csvField(field, dialect)).join(dialect.delimiter)

  /** The record with the id that was made for it. */
  function identified({ text, transferId = '' }: Reject): string {
    if (idIndex === undefined) return `${text}${dialect.delimiter}${csvField(transferId, dialect)}`
    const fields = readFields(text, dialect)
    const isWithout = fields.length === columns.length && trimmed(fields[idIndex] as string) === ''
    return isWithout ? written(fields.with(idIndex, transferId)) : text
  }

  const head = `${written(rejectsColumns(columns, idIndex))}\n`
  return {
    head,
    separator: '\n',
    tail: '\n',
    none: head,
    write(reject): string {
      const marks = written([reject.code, reject.message, String(reject.line)])
      return `${marks}${dialect.delimiter}${identified(reject)}`
    },
  }
}

/** The columns of a file of rejects. */
export const rejectsColumns = (
  columns: readonly string[],
  idIndex: number | undefined,
): readonly string[] => [...MARKS, ...columns, ...(idIndex === undefined ? [MADE_ID] : [])]
