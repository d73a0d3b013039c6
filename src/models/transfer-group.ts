import { type Connection, type HydratedDocument, type Model, Schema } from 'mongoose'
import { TransferImmutableError } from '../errors.ts'
import type { TransferGroupRecord } from '../ledger/records.ts'
import { declareModel, onDefaultConnection } from './model-registry.ts'
import { refuseEveryWrite } from './write-guard.ts'

/** Reads the groups that are posted. A group never changes, and only posting makes one. */
export type TransferGroupModel = Model<
  TransferGroupRecord,
  object,
  object,
  object,
  HydratedDocument<Readonly<TransferGroupRecord>>
>

const transferGroupSchema = new Schema<TransferGroupRecord>(
  {
    _id: { type: String, required: true },
    legs: { type: Number, required: true },
    postedAt: { type: Date, required: true },
  },
  { collection: 'transfer_groups', versionKey: false, strict: 'throw' },
)

refuseEveryWrite(transferGroupSchema, (operation) => new TransferImmutableError({ operation }))

/** The `TransferGroup` model on a connection. */
export const transferGroupModel = declareModel('group', transferGroupSchema) as (
  connection: Connection,
) => TransferGroupModel

/** The `TransferGroup` model on Mongoose's default connection. */
export const TransferGroup = onDefaultConnection(transferGroupModel)
