/** The fields that a stored transfer can have, in the order in which they are stored, in which a reader finds them fastest. */
export const TRANSFER_FIELDS = [
  '_id',
  'fromAccount',
  'toAccount',
  'amount',
  'currency',
  'fromBalance',
  'toBalance',
  'fromSequence',
  'toSequence',
  'postedAt',
  'effectiveAt',
  'group',
  'leg',
  'legs',
  'reverses',
  'hold',
  'reference',
  'metadata',
  'batch',
] as const

export type TransferField = (typeof TRANSFER_FIELDS)[number]
