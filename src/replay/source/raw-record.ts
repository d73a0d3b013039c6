/** The longest record of a file: what is longer is no line of a batch, and is not held in memory. */
export const MAX_RECORD_BYTES = 1024 * 1024

/** A record as a file holds it, its parts not yet looked at. */
export interface RawRecord {
  /** Where it begins: the line of the unpacked file, from 1. */
  readonly line: number
  /** Where it ends, if that is another line. */
  readonly lastLine?: number
  /** 1, or more where several records begin on one line. */
  readonly item: number
  /** As it was read, without the end of its line. */
  readonly text: string
  /** Why it cannot be read. */
  readonly problem?: string | undefined
  /** Why `text` is not what the file holds: it was cut, or bytes of it are no text. Then there is a `problem`. */
  readonly damage?: 'cut' | 'bytes' | undefined
  /** Where its parts had to be told apart already to find its end. */
  readonly fields?: readonly string[] | undefined
}

/** A file's records in order, many at once. */
export type RecordBlocks = AsyncGenerator<RawRecord[], void, undefined>
