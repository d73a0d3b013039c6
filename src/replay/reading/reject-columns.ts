import { REFUSAL_CODES } from '../../errors.ts'
import type { BatchRefusalCode } from '../../models/batch.ts'

/** The columns, or keys, that a file of rejects adds before the record's own. Replaying that file skips them. */
export const REJECT_COLUMNS = ['code', 'message', 'line'] as const

/** In JSON, the key of the id that was made for a record, unless the options map `transferId` to another key. */
export const MADE_ID_KEY = 'transferId'

/**
 * In CSV, and in JSON with a transform, the column after {@link REJECT_COLUMNS} with the id that was made for a record,
 * if the file has no ids. It is not a name that is recognized for a column of the file itself.
 */
export const MADE_ID_COLUMN = 'madeId'

const CODES: ReadonlySet<unknown> = new Set<BatchRefusalCode>(['MALFORMED_LINE', ...REFUSAL_CODES])

export const isRefusalCode = (value: unknown): value is BatchRefusalCode => CODES.has(value)
