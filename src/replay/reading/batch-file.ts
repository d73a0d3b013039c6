import type { BatchRefusalCode } from '../../models/batch.ts'
import type { RawRecord, RecordBlocks } from '../source/raw-record.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { Row } from './row.ts'

/** A refused line, as it goes into a file of rejects. */
export interface Reject {
  readonly line: number
  readonly code: string
  readonly message: string
  readonly transferId?: string | undefined
  /** The record as it was read. */
  readonly text: string
}

/** How rejects are written so that they can be mended and replayed: as the input is. */
export interface RejectsFormat {
  readonly head: string
  readonly separator: string
  readonly tail: string
  /** The whole file where there are none. */
  readonly empty: string
  write(reject: Reject): string
}

/** A file as a batch: its records, and what each asks for. */
export interface BatchFile {
  /** What its reading rests on, as text to compare. */
  readonly reading: string
  /** Whether its records have ids of their own. Else each gets one, made of the batch's name and the line. */
  readonly hasIds: boolean
  readonly rejects: RejectsFormat
  /** The records from the first, a header left out. */
  records(): RecordBlocks
  /** What a record asks for. */
  row(record: RawRecord, position: number): Row
}

/** What to do with a file that is not the one that its batch was begun with. */
export const adviceOnChangedFile = ({ hasIds }: Pick<BatchFile, 'hasIds'>): string =>
  `${
    hasIds
      ? 'lines whose ids are posted already are not posted again'
      : 'its lines have no ids of their own, so those that are posted already would be posted again: leave them out'
  }, and replay it as a batch of another name (--as NAME)`

/** What a file is opened with to be read as a batch. */
export interface BatchFileOptions {
  readonly batch: string
  readonly reading: string
  readonly options: ReadingOptions
}

/** A refused line. */
export interface BatchRefusal extends Reject {
  readonly code: BatchRefusalCode
  /** 1, or more where several records begin on one line. */
  readonly item: number
}
