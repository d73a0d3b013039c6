import type { Connection } from 'mongoose'
import { collectionsOf } from '../../definition.ts'
import { post } from '../../ledger/posting.ts'
import { countOf, quote } from '../../messages.ts'
import type { BatchRecord, RefusalRecord } from '../../models/batch.ts'
import { BatchConflictError } from '../errors.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'
import type { Effort } from './chunk-size.ts'
import { ChunkTransactions } from './chunk-transactions.ts'
import { type CountedResults, countResults, linkedResults, requestsOf } from './row-results.ts'

/** What became of a chunk of rows. */
interface ChunkResult {
  /** The batch's record after the chunk. Its `position` says how many of the rows were consumed. */
  readonly record: BatchRecord
  /** The refusals that were not stored in the database. */
  readonly refusals: readonly BatchRefusal[]
  /** The refusal that would have exceeded the limit. The batch stopped right before it. */
  readonly stoppedAt?: BatchRefusal | undefined
  /** Whether an atomic batch was refused. Nothing of it was stored. */
  readonly isRefused?: boolean
  /** Absent if nothing was written: then its posting took all of the time. */
  readonly effort?: Effort
}

/**
 * Posts the next rows of a batch in order, to the database or in the memory of a rehearsal: all of them, or only
 * the first ones. With `isAtomic` it posts all or none.
 */
export type PostChunk = (rows: readonly Row[], isAtomic: boolean) => Promise<ChunkResult>

interface DatabasePosterOptions {
  /** The batch's record before its first row is consumed. */
  readonly newBatch: BatchRecord
  /** How many refusals the batch may have in all. */
  readonly refusalLimit: number
  /** What to do if another batch is stored under the name. It ends the error's message. */
  readonly advice: string
  /** How long a chunk waits for the database, in milliseconds. Default: two minutes. */
  readonly patience?: number | undefined
}

/** Rolls a chunk's transaction back, because not all of its rows may be posted. */
class ChunkRollback extends Error {
  readonly counted: CountedResults
  constructor(counted: CountedResults) {
    super('the chunk was not posted')
    this.counted = counted
  }
}

/**
 * Posts chunks to the database, each in one transaction: it reads the batch's record, posts the rows that the
 * record does not count as consumed, and writes the record. So each line is posted once, even if several
 * processes replay the batch.
 */
export function databasePoster(
  connection: Connection,
  { newBatch, refusalLimit, advice, patience }: DatabasePosterOptions,
): PostChunk {
  const batch = newBatch._id
  const names = collectionsOf(connection)
  const transactions = new ChunkTransactions<Row>(connection, { requestsOf, patience })

  async function postInTransaction(all: readonly Row[], isAtomic: boolean): Promise<ChunkResult> {
    const posted = await transactions.post(
      all,
      async (rows, transaction, presumeNew) => {
        const { database, session } = transaction
        const batches = database.collection<BatchRecord>(names.batches)
        const stored = await batches.findOne({ _id: batch }, { session })
        const before = recordToContinue(stored, newBatch, advice)
        const chunk = remainingRows(rows, before)
        // Another process has consumed these rows. But a batch without any rows must still be finished.
        if (stored && chunk.length === 0 && (rows.length > 0 || stored.status === 'finished')) {
          return { record: stored, wereNew: presumeNew }
        }
        if (isAtomic) requireNotStarted(before)
        const decided = await post(requestsOf(chunk), transaction, { batch, presumeNew })
        const results = isAtomic ? linkedResults(chunk, decided) : decided
        const counted = countResults(before, chunk, { results, refusalLimit })
        if (counted.overLimit || (isAtomic && counted.refusals.length > 0)) {
          throw new ChunkRollback(counted)
        }
        if (counted.refusals.length > 0) {
          const documents = counted.refusals.map((refusal) => refusalRecord(batch, refusal))
          await database
            .collection<RefusalRecord>(names.refusals)
            .insertMany(documents, { session })
        }
        await batches.replaceOne({ _id: batch }, counted.record, { session, upsert: true })
        return { record: counted.record, wereNew: counted.record.existing === before.existing }
      },
      { isWhole: isAtomic },
    )
    return { ...posted, refusals: [] }
  }

  /** Posts rows, or only those before the refusal that would exceed the limit. */
  async function postUpToLimit(rows: readonly Row[], isAtomic: boolean): Promise<ChunkResult> {
    try {
      return await postInTransaction(rows, isAtomic)
    } catch (error) {
      if (!(error instanceof ChunkRollback)) throw error
      const { record, refusals: all, overLimit } = error.counted
      if (!overLimit) return { record, refusals: all, isRefused: true }
      const stoppedAt = overLimit.refusal
      if (overLimit.index === 0) return { record, refusals: [], stoppedAt }
      const allowed = rows.filter(({ position }) => position <= record.position)
      const result = await postUpToLimit(allowed, isAtomic)
      return result.record.position === record.position ? { stoppedAt, ...result } : result
    }
  }

  return postUpToLimit
}

/**
 * The record to continue from: the stored one, or that of the new batch if none is stored.
 * @throws BatchConflictError if the stored batch is of another file or was read with other options
 */
export function recordToContinue(
  stored: BatchRecord | null,
  newBatch: BatchRecord,
  advice: string,
): BatchRecord {
  if (!stored) return newBatch
  if (stored.digest !== newBatch.digest) {
    throw new BatchConflictError(
      newBatch._id,
      `was started with another file: ${describeFile(stored)}, not ${describeFile(newBatch)}; ${advice}`,
    )
  }
  if (stored.reading !== newBatch.reading) {
    throw new BatchConflictError(
      newBatch._id,
      `was started with the options ${stored.reading}, not ${newBatch.reading}, and has posted ${postedOf(stored)}: ${adviceOnContinuing(stored)}. To use other options, ${advice}`,
    )
  }
  return stored
}

/** What a batch has posted, as a phrase. */
function postedOf({ posted, holdsPlaced = 0, holdsReleased = 0 }: BatchRecord): string {
  const onHolds = holdsPlaced + holdsReleased
  const transfers = countOf(posted - onHolds, 'transfer')
  return onHolds === 0
    ? transfers
    : `${transfers} and placed or released ${countOf(onHolds, 'hold')}`
}

const adviceOnContinuing = ({ status, refused }: BatchRecord): string =>
  status === 'running'
    ? 'use the same options to continue it'
    : refused > 0
      ? `use the same options and --retry to post its ${refused} refused lines`
      : 'it is finished, so nothing is left to post with the same options'

const describeFile = ({ source, digest }: BatchRecord): string =>
  `${quote(source)} (SHA-256 ${digest.slice(0, 12)}…)`

/** Refuses to post the rest of a batch as if it were the whole. */
export function requireNotStarted({ _id, position, records }: BatchRecord): void {
  if (position === 0) return
  const problem = `is already posted up to record ${position} of ${records}, so it cannot be atomic: leave --atomic out to continue it`
  throw new BatchConflictError(_id, problem)
}

/** The rows that are not consumed yet. Another process that replays the batch may have consumed some. */
function remainingRows(rows: readonly Row[], { _id, position }: BatchRecord): readonly Row[] {
  const [first] = rows
  if (!first) return rows
  if (position < first.position - 1) {
    const problem = `went back to record ${position}, because its record was removed during the replay: replay the file again`
    throw new BatchConflictError(_id, problem)
  }
  return rows.slice(position - first.position + 1)
}

export function refusalRecord(batch: string, refusal: BatchRefusal): RefusalRecord {
  const { line, item, part, transferId, holdId, madeId, code, message, text: row } = refusal
  const isMade = madeId !== undefined && (madeId !== transferId || holdId !== undefined)
  return {
    _id: {
      batch,
      line,
      ...((item > 1 || part > 1) && { item }),
      ...(part > 1 && { part }),
    },
    ...(transferId !== undefined && { transferId }),
    ...(holdId !== undefined && { holdId }),
    ...(isMade && { madeId }),
    code,
    message,
    row,
  }
}
