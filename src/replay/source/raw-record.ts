/** The longest record that is read, in bytes. Anything longer is refused, and never held in memory. */
export const MAX_RECORD_BYTES = 1024 * 1024

/** A record as it stands in the file, before its fields are looked at. */
export interface RawRecord {
  /** The line it starts on, counted from 1 in the unpacked file. */
  readonly line: number
  /** The line it ends on, if that is a later one. */
  readonly lastLine?: number
  /** 1, or its number among the records that start on the same line. */
  readonly item: number
  /** The text as read, without the line end. */
  readonly text: string
  /** Why the record cannot be read. */
  readonly problem?: string | undefined
  /**
   * Why `text` differs from the file: only its start is kept, or some bytes are not text. Always comes with a
   * `problem`.
   */
  readonly damage?: 'truncated' | 'not-text' | undefined
  /** The fields, if finding the record's end already required splitting it. */
  readonly fields?: readonly string[] | undefined
}

/** The records of a file in order, a block at a time. */
export type RecordBlocks = AsyncGenerator<RawRecord[], void, undefined>
