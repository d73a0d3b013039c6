import type { BatchRefusalCode } from '../../models/batch.ts'
import type { RawRecord, RecordBlocks } from '../source/raw-record.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { Row } from './row.ts'
import type { OwnFields } from '../../ledger/own-fields.ts'
import type { RecordTransform } from './transform.ts'

/** A refused line, as a file of rejects lists it. */
export interface Reject {
  readonly line: number
  readonly code: string
  readonly message: string
  readonly transferId?: string | undefined
  /** The hold that the line is about, if it is about one. */
  readonly holdId?: string | undefined
  /** The record as read. */
  readonly text: string
}

/** A refused line of a batch. */
export interface BatchRefusal extends Reject {
  readonly code: BatchRefusalCode
  /** 1, or its number among the records that start on the same line. */
  readonly item: number
  /** 1, or the number of the refused transfer among those that the record asks for. */
  readonly part: number
  /** The id that was made for the record. */
  readonly madeId?: string | undefined
}

/**
 * How a file of rejects is written: in the format of the batch's file, so that it can be corrected and
 * replayed.
 */
export interface RejectsFormat {
  /** Stands before the first reject. */
  readonly head: string
  /** Stands between two rejects. */
  readonly separator: string
  /** Stands after the last reject. */
  readonly tail: string
  /** The whole file if there are no rejects. */
  readonly empty: string
  write(reject: Reject): string
}

/** A file that is read as a batch: its records, and the transfer that each one asks for. */
export interface BatchFile {
  /** The options that decide what the file means, as text to compare. It is the same whenever they are. */
  readonly reading: string
  /** Whether its records have ids, or get ids of their content. If not, each gets one of the batch's name and the line. */
  readonly hasIds: boolean
  readonly rejects: RejectsFormat
  /** Reads all records from the first, without a header. */
  records(): RecordBlocks
  /** Whether a row depends on the rows before it, so that all rows must be made in order, from the first. */
  readonly isCumulative: boolean
  /** The zone in which dates without a zone were read; undefined if there were none in the rows made so far. */
  timeZone(): string | undefined
  /**
   * What may be wrong with the options, as the file and the rows made so far show it. `areAllSkipped` says whether that
   * is true of every record of the batch.
   */
  warnings(batch: { readonly areAllSkipped: boolean }): readonly string[]
  /** Reads what a record asks for. `position` is its number in the file, from 1. */
  row(record: RawRecord, position: number): Row
}

/** What to open a file as a batch with. */
export interface BatchFileOptions {
  readonly batch: string
  readonly reading: string
  readonly options: ReadingOptions
  readonly transform: RecordTransform | undefined
  /** The own fields of the ledger's transfers, if they have any. */
  readonly ownFields: OwnFields | undefined
  /** Reads the records of a file in a format of its own, each as JSON. */
  readonly ownRecords?: (() => RecordBlocks) | undefined
}

/** Advice for a file that has changed since its batch was started. */
export const adviceOnChangedFile = ({ hasIds }: Pick<BatchFile, 'hasIds'>): string =>
  hasIds
    ? 'replay the file under another name (--as NAME): lines whose ids are already posted are not posted again, and --dry-run shows which would be'
    : 'remove the lines that are already posted, because without ids they would be posted again; then replay the file under another name (--as NAME)'
