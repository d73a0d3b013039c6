import mongoose from 'mongoose'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { TRANSFER_FIELDS, type TransferField } from '../ledger/documents/transfer-fields.ts'
import type { TransferRecord } from '../ledger/records.ts'

const { BSON } = mongoose.mongo

/**
 * A transfer of which only what its place in an export depends on is decoded. Thousands of transfers may have to be put in
 * order, and an export would need twice the time with their whole records in memory.
 */
export interface UndecodedTransfer extends Pick<
  TransferRecord,
  '_id' | 'fromAccount' | 'toAccount' | 'fromSequence' | 'toSequence' | 'postedAt' | 'hold'
> {
  readonly bytes: Buffer
}

/** The whole record. */
export const decoded = ({ bytes }: Pick<UndecodedTransfer, 'bytes'>): TransferRecord =>
  BSON.deserialize(bytes) as TransferRecord

/** A reader of transfers. It reads one after another. */
export const transferReader = (): DocumentReader<TransferField> =>
  new DocumentReader(TRANSFER_FIELDS)

const reader = transferReader()

export function undecoded(bytes: Buffer): UndecodedTransfer {
  reader.read(bytes)
  const _id = reader.text('_id')
  const fromAccount = reader.text('fromAccount')
  const toAccount = reader.text('toAccount')
  const fromSequence = reader.whole('fromSequence')
  const toSequence = reader.whole('toSequence')
  const postedAt = reader.time('postedAt')
  if (
    _id === undefined ||
    fromAccount === undefined ||
    toAccount === undefined ||
    fromSequence === undefined ||
    toSequence === undefined ||
    postedAt === undefined
  ) {
    // Another program has written it with other types.
    return { ...decoded({ bytes }), bytes }
  }
  const hold = reader.text('hold') ?? (reader.value('hold') as string | undefined)
  return {
    _id,
    fromAccount,
    toAccount,
    fromSequence,
    toSequence,
    postedAt: new Date(postedAt),
    ...(hold !== undefined && { hold }),
    bytes,
  }
}
