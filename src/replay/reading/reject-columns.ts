import { REFUSAL_CODES } from '../../errors.ts'
import type { BatchRefusalCode } from '../../models/batch.ts'

/** What stands first in a record of a file of rejects. It is left out when that file is replayed. */
export const REJECT_COLUMNS = ['code', 'message', 'line'] as const

/** What a made id is kept under in an object of a file of rejects, unless it is mapped. */
export const MADE_ID_KEY = 'transferId'

/** The mark after these, in a file of separated values that has no ids of its own. No own column is called so. */
export const MADE_ID_COLUMN = 'madeId'

const CODES: ReadonlySet<unknown> = new Set<BatchRefusalCode>(['MALFORMED_LINE', ...REFUSAL_CODES])

/** Whether a value is the code of a refusal. */
export const isRefusalCode = (value: unknown): value is BatchRefusalCode => CODES.has(value)
