import type { BatchRefusalCode } from '../../models/batch.ts'

/** What stands first in a record of a file of rejects. It is left out when that file is replayed. */
export const MARKS = ['code', 'message', 'line'] as const

/** What a made id is kept under in an object of a file of rejects, unless it is mapped. */
export const MADE_ID = 'transferId'

/** The mark after these, in a file of separated values that has no ids of its own. No own column is called so. */
export const MADE_ID_MARK = 'madeId'

const CODES: Readonly<Record<BatchRefusalCode, true>> = {
  MALFORMED_LINE: true,
  INVALID_TRANSFER_ID: true,
  INVALID_ACCOUNT_ID: true,
  INVALID_REFERENCE: true,
  INVALID_METADATA: true,
  INVALID_AMOUNT: true,
  SAME_ACCOUNT: true,
  TRANSFER_CONFLICT: true,
  ACCOUNT_NOT_FOUND: true,
  ACCOUNT_NOT_OPEN: true,
  CURRENCY_MISMATCH: true,
  INSUFFICIENT_FUNDS: true,
  BALANCE_OUT_OF_RANGE: true,
  LINKED_TRANSFER_REFUSED: true,
}

/** Whether a value is the code of a refusal. */
export const isRefusalCode = (value: unknown): value is BatchRefusalCode =>
  typeof value === 'string' && Object.hasOwn(CODES, value)
