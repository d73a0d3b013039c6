import mongoose, { type Connection } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import type { BatchRecord, RefusalRecord } from '../models/batch.ts'
import { endAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { inTransaction } from '../mongodb/transaction.ts'
import { BatchConflictError } from './errors.ts'
import { PATIENCE_MS } from './posting/chunk-transactions.ts'
import { isReadingOfFile } from './reading/reading-options.ts'

/**
 * Whether a batch is started again from its first line: an earlier run has posted nothing, and was of another file or
 * read it with other options. With the same file and options a batch is continued instead.
 * @throws BatchConflictError if the earlier run has too many refusals to remove
 */
export function isRestart(stored: BatchRecord, newBatch: BatchRecord): boolean {
  const { _id, digest, reading, posted, existing, refused } = stored
  if (posted > 0 || existing > 0) return false
  if (digest === newBatch.digest && reading === newBatch.reading) return false
  // The record of a notebook's adoption says more than how far its transfers are posted.
  if (!isReadingOfFile(reading)) return false
  if (refused <= MOST_REFUSALS) return true
  const problem = `has posted nothing, but ${refused} refusals, and at most ${MOST_REFUSALS} are removed to start a batch again with another file or other options: replay the file under another name (--as NAME)`
  throw new BatchConflictError(_id, problem)
}

/** The most refusals that one transaction removes. */
const MOST_REFUSALS = 50_000

/**
 * Removes the record and the refusals of an earlier run that has posted nothing, in one transaction. If another process
 * has posted something of the batch in the meantime, or has started it again, nothing is removed.
 */
export async function removeEarlierRun(
  connection: Connection,
  newBatch: BatchRecord,
): Promise<void> {
  const names = collectionsOf(connection)
  const { _id: batch } = newBatch
  await inTransaction(
    connection,
    async ({ database, session }) => {
      await endAbandonedTransactions(connection)
      const batches = database.collection<BatchRecord>(names.batches)
      const stored = await batches.findOne({ _id: batch }, { session })
      if (!stored || !isRestart(stored, newBatch)) return
      await batches.deleteOne({ _id: batch }, { session })
      await database
        .collection<RefusalRecord>(names.refusals)
        .deleteMany(refusalsOf(batch), { session })
    },
    { patience: PATIENCE_MS },
  )
}

const refusalsOf = (batch: string): object => ({
  _id: { $gte: { batch }, $lt: { batch, line: new mongoose.mongo.MaxKey() } },
})
