import mongoose, { type Connection, type Model, Schema } from 'mongoose'
import type { RefusalCode } from '../errors.ts'
import { isPrintableText } from '../ledger/request.ts'
import type { Decimal128 } from '../money/money.ts'
import { modelOn } from '../mongodb/connection.ts'

/** A batch as it is stored: written in the same transaction as each chunk that it tells of. */
export interface BatchRecord {
  /** Its name. */
  _id: string
  /** The file that it was read from, as it was named. */
  source: string
  /** SHA-256 of the file, in hex. */
  digest: string
  /** The options that it is read with, as text: with others the same file would mean something else. */
  reading: string
  /** How many records the file has. */
  records: number
  /** How many records of the file are consumed: a replay goes on after them. */
  position: number
  /** The line of the last record consumed; 0 before the first. */
  line: number
  posted: number
  existing: number
  refused: number
  /** How many were refused, by code. */
  refusedByCode: Record<string, number>
  /** How much was moved, by currency. */
  amountByCurrency: Record<string, Decimal128>
  status: 'running' | 'finished'
  startedAt: Date
  finishedAt?: Date
}

/** A refused line of a batch. */
export interface RefusalRecord {
  /** `item` is there from the second record that begins on one line, as 2, 3 … */
  _id: { batch: string; line: number; item?: number }
  /** As it was read, or as it was made; absent where there is none. */
  transferId?: string
  code: string
  message: string
  /** The record as it was read. */
  row: string
}

/** The record of a batch of which nothing is read yet. */
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
    refusedByCode: { type: Schema.Types.Mixed, required: true },
    amountByCurrency: { type: Schema.Types.Mixed, required: true },
    status: { type: String, enum: ['running', 'finished'], required: true },
    startedAt: { type: Date, required: true },
    finishedAt: Date,
  },
  { collection: 'batches', versionKey: false, strict: 'throw', minimize: false },
)

const refusalSchema = new Schema<RefusalRecord>(
  {
    _id: {
      type: new Schema(
        {
          batch: { type: String, required: true },
          line: { type: Number, required: true },
          item: Number,
        },
        { _id: false },
      ),
      required: true,
    },
    transferId: String,
    code: { type: String, required: true },
    message: { type: String, required: true },
    row: { type: String },
  },
  { collection: 'refusals', versionKey: false, strict: 'throw' },
)

/** The model of batches on a connection. */
export const batchModel = (connection: Connection): Model<BatchRecord> =>
  modelOn(connection, 'Batch', batchSchema) as Model<BatchRecord>

/** The model of refused lines on a connection. */
export const refusalModel = (connection: Connection): Model<RefusalRecord> =>
  modelOn(connection, 'Refusal', refusalSchema) as Model<RefusalRecord>

/** The model of batches on mongoose's default connection. */
export const Batch = batchModel(mongoose.connection)

/** The model of refused lines on mongoose's default connection. */
export const Refusal = refusalModel(mongoose.connection)

export const BATCH_NAME_RULE = 'a text of 1–256 printable characters with no space at its ends'

/** Whether a text can be the name of a batch. */
export const isBatchName = (name: string): boolean =>
  isPrintableText(name, 256) && name.trim() === name

/** Why a line of a batch was refused. `MALFORMED_LINE` is one that could not be read as a transfer. */
export type BatchRefusalCode = RefusalCode | 'MALFORMED_LINE'
