import type { BatchRecord } from '../../models/batch.ts'
import { BatchConflictError } from '../errors.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'
import type { ReplaySummary } from '../summary.ts'
import type { Book } from './book.ts'
import { ChunkSize, RowQueue } from './row-queue.ts'

interface PostRowsOptions {
  /** Where the batch stands: right before the first of the rows. */
  readonly begin: BatchRecord
  readonly isAtomic?: boolean
  /** Ends it after the chunk that is in flight. */
  readonly signal?: AbortSignal | undefined
  /** Sees each chunk of rows before it is posted, none at the end, and may throw. */
  readonly onRead?: (rows: readonly Row[], record: BatchRecord) => Promise<void>
  readonly onAdvance?: (record: BatchRecord) => void
  /** Is given the refusals that the database does not hold. */
  readonly onRefused?: ((refusals: readonly BatchRefusal[]) => Promise<void>) | undefined
}

/** How far a book came with the rows of a batch, and why no further. */
export interface Outcome {
  readonly record: BatchRecord
  readonly status: ReplaySummary['status']
  readonly stoppedAt?: BatchRefusal | undefined
}

/**
 * Posts the rows of a batch from where it stands, in chunks of a fitting size, until it is finished.
 * @throws BatchConflictError where the rows end before the batch does
 */
export async function postRows(
  blocks: AsyncGenerator<Row[]>,
  book: Book,
  { begin, isAtomic = false, signal, onRead, onAdvance, onRefused }: PostRowsOptions,
): Promise<Outcome> {
  const queue = new RowQueue(blocks)
  const size = new ChunkSize()
  let record = begin
  // The next rows are read while these are posted.
  const take = () => {
    const next = isAtomic ? queue.takeAll() : queue.take(size.rows)
    next.catch(() => undefined)
    return next
  }
  let next = take()
  try {
    while (record.status !== 'finished') {
      if (signal?.aborted) return { record, status: 'interrupted' }
      let rows = await next
      next = take()
      await onRead?.(rows, record)
      if (isAtomic && rows.length !== record.records) {
        throw new Error(`${rows.length} of ${record.records} records cannot be posted as atomic`)
      }
      do {
        if (signal?.aborted) return { record, status: 'interrupted' }
        const begun = performance.now()
        const advance = await book.advance(rows, { isAtomic })
        await onRefused?.(advance.refusals)
        if (advance.isRefused) return { record: advance.record, status: 'refused' }
        size.learn({
          rows: advance.record.position - record.position,
          milliseconds: performance.now() - begun,
          attempts: advance.attempts,
        })
        record = advance.record
        onAdvance?.(record)
        const { stoppedAt } = advance
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

/** There are no more rows, so that nothing else would end it. */
function requireFinished({ _id, status, position, records }: BatchRecord): void {
  if (status === 'finished') return
  const problem = `stands at record ${position} of ${records}, and there are no more to post`
  throw new BatchConflictError(_id, problem)
}
