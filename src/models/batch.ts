import { type Connection, type HydratedDocument, type Model, Schema } from 'mongoose'
import type { RefusalCode } from '../errors.ts'
import { isPrintableText } from '../ledger/printable-text.ts'
import type { Decimal128 } from '../money/money.ts'
import { plain } from '../money/plain-records.ts'
import { declareModel, onDefaultConnection } from './model-registry.ts'
import type { PlainForms } from './money-path.ts'

/** A batch as it is stored. It is updated in the same transaction as each chunk of its transfers. */
export interface BatchRecord {
  _id: string
  /** The file that it was read from, as the caller named it. */
  source: string
  /** The SHA-256 of the file, in hex. */
  digest: string
  /** The options that the file is read with, as text. With others, the same file has another meaning. */
  reading: string
  /** How many records the file has. */
  records: number
  /** How many records of the file have been consumed. A replay continues after them. */
  position: number
  /** The line of the last record consumed; 0 before the first. */
  line: number
  /** What was posted: transfers, holds and releases of holds. */
  posted: number
  existing: number
  refused: number
  /** How many records asked for no transfer. Absent while there are none. */
  skipped?: number
  /** How many transfers records asked for beyond one each. Absent while there are none. */
  additional?: number
  /** How many accounts were opened on the way. Absent while there are none. */
  accountsOpened?: number
  /** How many of those posted are holds. Absent while there are none. */
  holdsPlaced?: number
  /** How many of those posted are releases of holds. Absent while there are none. */
  holdsReleased?: number
  /** How many transfers were refused, by code. */
  refusedByCode: Record<string, number>
  /** How much money was moved, by currency. */
  amountByCurrency: Record<string, Decimal128>
  status: 'running' | 'finished'
  startedAt: Date
  finishedAt?: Date
  /** The latest retry of its refused lines. Absent before the first. */
  retry?: BatchRetry
}

/** How far the refused lines of a finished batch were tried again. The counts of the batch include what it has posted. */
export interface BatchRetry {
  /** 1 for the first retry of the batch. */
  number: number
  /** How many lines were refused when it started. */
  lines: number
  /** The number in the file of the last record that was tried. The retry continues after it. */
  position: number
  posted: number
  existing: number
  /** How many were refused again. */
  refused: number
  startedAt: Date
  finishedAt?: Date
}

/** A refused line of a batch. */
export interface RefusalRecord {
  /**
   * `item` is absent for the first record that starts on a line, and 2, 3 … for the next ones. `part` is absent for the
   * first transfer that a record asks for, and 2, 3 … for the next ones; then `item` is there too.
   */
  _id: { batch: string; line: number; item?: number; part?: number }
  /** The id as it was read, or the one that was made for it. Absent if there is none. */
  transferId?: string
  /** The id of the hold that the record is about, if it is about one. */
  holdId?: string
  /** The id that was made for the record, if it is not `transferId` but the start of the ids of its transfers. */
  madeId?: string
  code: string
  message: string
  /** The record as it was read. */
  row: string
}

/** The record of a batch that has just started. */
export const freshBatch = ({
  name,
  ...parts
}: { readonly name: string } & Pick<
  BatchRecord,
  'source' | 'digest' | 'reading'
>): BatchRecord => ({
  _id: name,
  ...parts,
  records: 0,
  position: 0,
  line: 0,
  posted: 0,
  existing: 0,
  refused: 0,
  refusedByCode: {},
  amountByCurrency: {},
  status: 'running',
  startedAt: new Date(),
})

const batchSchema = new Schema<BatchRecord>(
  {
    _id: { type: String, required: true },
    source: { type: String, required: true },
    digest: { type: String, required: true },
    reading: { type: String, required: true },
    records: { type: Number, required: true },
    position: { type: Number, required: true },
    line: { type: Number, required: true },
    posted: { type: Number, required: true },
    existing: { type: Number, required: true },
    refused: { type: Number, required: true },
    skipped: Number,
    additional: Number,
    accountsOpened: Number,
    holdsPlaced: Number,
    holdsReleased: Number,
    refusedByCode: { type: Schema.Types.Mixed, required: true },
    amountByCurrency: { type: Schema.Types.Mixed, required: true },
    status: { type: String, enum: ['running', 'finished'], required: true },
    startedAt: { type: Date, required: true },
    finishedAt: Date,
    retry: new Schema(
      {
        number: { type: Number, required: true },
        lines: { type: Number, required: true },
        position: { type: Number, required: true },
        posted: { type: Number, required: true },
        existing: { type: Number, required: true },
        refused: { type: Number, required: true },
        startedAt: { type: Date, required: true },
        finishedAt: Date,
      },
      { _id: false },
    ),
  },
  {
    collection: 'batches',
    versionKey: false,
    strict: 'throw',
    minimize: false,
    toJSON: { transform: (_, json: object) => plain(json) },
  },
)

const refusalSchema = new Schema<RefusalRecord>(
  {
    _id: {
      type: new Schema(
        {
          batch: { type: String, required: true },
          line: { type: Number, required: true },
          item: Number,
          part: Number,
        },
        { _id: false },
      ),
      required: true,
    },
    transferId: String,
    holdId: String,
    madeId: String,
    code: { type: String, required: true },
    message: { type: String, required: true },
    row: { type: String },
  },
  { collection: 'refusals', versionKey: false, strict: 'throw' },
)

type Hydrated = PlainForms<BatchRecord> & HydratedDocument<BatchRecord>

/** A batch as it is read. */
export interface BatchDocument extends Hydrated {}

type BatchModel = Model<BatchRecord, object, object, object, BatchDocument>

/** The `Batch` model on a connection. */
export const batchModel = declareModel('batch', batchSchema) as (
  connection: Connection,
) => BatchModel

/** The `Refusal` model, for the refused lines of batches, on a connection. */
export const refusalModel = declareModel('refusal', refusalSchema) as (
  connection: Connection,
) => Model<RefusalRecord>

/** The `Batch` model on Mongoose's default connection. */
export const Batch = onDefaultConnection(batchModel)

/** The `Refusal` model on Mongoose's default connection. */
export const Refusal = onDefaultConnection(refusalModel)

export const BATCH_FORMATS = ['csv', 'tsv', 'jsonl', 'json'] as const

/** The format of a batch's file. `json` is an array, or one object a line. */
export type BatchFormat = (typeof BATCH_FORMATS)[number]

export const BATCH_NAME_RULE = 'a text of 1–256 printable characters with no space at its ends'

export const isBatchName = (name: string): boolean =>
  isPrintableText(name, 256) && name.trim() === name

/** Why a line of a batch was refused. `MALFORMED_LINE` means that it could not be read as a transfer. */
export type BatchRefusalCode = RefusalCode | 'MALFORMED_LINE'
