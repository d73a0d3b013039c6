import type { Connection } from 'mongoose'
import type { BatchRecord } from '../../models/batch.ts'
import { BatchConflictError } from '../errors.ts'
import { type BatchOutcome, postRows } from '../posting/post-rows.ts'
import type { Rehearsal } from '../posting/rehearsal.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'
import { refusedRows } from './refused-rows.ts'
import type { BatchInRetry } from './retry-counts.ts'
import { asRunning, databaseRetryPoster, rehearsalRetryPoster } from './retry-poster.ts'

/** @throws BatchConflictError if a batch has not been replayed to its end, so that it is continued and not retried */
export function requireFinished(stored: BatchRecord | null, batch: string): BatchRecord {
  if (stored?.status === 'finished') return stored
  const problem = stored
    ? `is posted up to record ${stored.position} of ${stored.records}: leave --retry out to continue it, and retry it when it is finished`
    : 'has not been replayed yet, so no line of it can be retried: leave --retry out'
  throw new BatchConflictError(batch, problem)
}

interface RetryOptions {
  /** The batch's record at the start of this run. */
  readonly start: BatchInRetry
  /** All rows of the batch's file. */
  readonly rows: AsyncGenerator<readonly Row[]>
  readonly rehearsal: Rehearsal | undefined
  readonly signal: AbortSignal | undefined
  readonly patience: number | undefined
  /** What to do if the stored batch is of another file. */
  readonly advice: string
  /** Called before each chunk is posted. It may throw. */
  readonly onRead: () => Promise<void>
  readonly onPosted: (record: BatchInRetry) => void
  readonly onRefused: ((refusals: readonly BatchRefusal[]) => Promise<void>) | undefined
}

/** Posts the refused rows of a finished batch again, in their order. */
export async function retryRows(
  connection: Connection,
  { start, rows, rehearsal, advice, patience, onPosted, ...options }: RetryOptions,
): Promise<BatchOutcome> {
  if (start.retry.lines === 0) return { record: start, status: 'finished' }
  const { _id: batch, position, status } = start
  const after = rehearsal ? 0 : start.retry.position
  const refused = refusedRows(rows, connection, { batch, after })
  const poster = rehearsal
    ? rehearsalRetryPoster(rehearsal, start)
    : databaseRetryPoster(connection, { start, advice, patience })
  const outcome = await postRows(refused, poster, {
    ...options,
    start: asRunning(start),
    onPosted: (record) => onPosted(record as BatchInRetry),
  })
  return { ...outcome, record: { ...outcome.record, position, status } }
}
