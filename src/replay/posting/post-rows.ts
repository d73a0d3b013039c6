import type { BatchRecord } from '../../models/batch.ts'
import { BatchConflictError } from '../errors.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'
import type { ReplaySummary } from '../summary.ts'
import type { PostChunk } from './chunk-poster.ts'
import { ChunkSize } from './chunk-size.ts'
import { RowQueue } from './row-queue.ts'

interface PostRowsOptions {
  /** The batch's record right before the first of the rows. */
  readonly start: BatchRecord
  readonly isAtomic?: boolean
  /** Ends the posting after the current chunk. */
  readonly signal?: AbortSignal | undefined
  /** Called with each chunk before it is posted, and with no rows at the end. It may throw. */
  readonly onRead?: (rows: readonly Row[], record: BatchRecord) => Promise<void>
  /** Called after each chunk with the batch's record. */
  readonly onPosted?: (record: BatchRecord) => void
  /** Called with the refusals that were not stored in the database. */
  readonly onRefused?: ((refusals: readonly BatchRefusal[]) => Promise<void>) | undefined
}

/** How the posting of a batch's rows ended. */
export interface BatchOutcome {
  readonly record: BatchRecord
  readonly status: ReplaySummary['status']
  /** The refusal that would have exceeded the limit. The batch stopped right before it. */
  readonly stoppedAt?: BatchRefusal | undefined
}

/**
 * Posts rows in chunks of a suitable size, until the batch is finished.
 * @throws BatchConflictError if the rows end before the batch is finished
 */
export async function postRows(
  blocks: AsyncGenerator<Row[]>,
  postChunk: PostChunk,
  { start, isAtomic = false, signal, onRead, onPosted, onRefused }: PostRowsOptions,
): Promise<BatchOutcome> {
  const queue = new RowQueue(blocks, start.source)
  const size = new ChunkSize()
  let record = start
  // The next chunk is read while this one is posted.
  const takeNext = () => {
    const taken = isAtomic ? queue.takeAll() : queue.take(size.rows)
    taken.catch(() => undefined)
    return taken
  }
  let next = takeNext()
  try {
    while (record.status !== 'finished') {
      if (signal?.aborted) return { record, status: 'interrupted' }
      let rows = await next
      next = takeNext()
      await onRead?.(rows, record)
      do {
        if (signal?.aborted) return { record, status: 'interrupted' }
        const startedAt = performance.now()
        const result = await postChunk(rows, isAtomic)
        await onRefused?.(result.refusals)
        if (result.isRefused) return { record: result.record, status: 'refused' }
        size.adjust({
          rows: result.record.position - record.position,
          milliseconds: performance.now() - startedAt,
          ...result.effort,
        })
        record = result.record
        onPosted?.(record)
        const { stoppedAt } = result
        if (stoppedAt) return { record, status: 'stopped', stoppedAt }
        if (rows.length === 0) requireFinished(record)
        rows = rows.filter(({ position }) => position > record.position)
      } while (rows.length > 0)
    }
    return { record, status: 'finished' }
  } finally {
    await next.catch(() => undefined)
    await queue.close()
  }
}

/** Throws if the rows have ended and the batch is not finished. Without this check the loop would never end. */
function requireFinished({ _id, status, position, records }: BatchRecord): void {
  if (status === 'finished') return
  const problem = `is posted up to record ${position} of ${records}, but there are no more records`
  throw new BatchConflictError(_id, problem)
}
