import type { ClientSession, Connection, mongo } from 'mongoose'
import { collectionsOf } from '../../definition.ts'
import { post } from '../../ledger/posting.ts'
import type { BatchRecord, BatchRefusalCode, RefusalRecord } from '../../models/batch.ts'
import { BatchConflictError } from '../errors.ts'
import { type PostChunk, recordToContinue, refusalRecord } from '../posting/chunk-poster.ts'
import { ChunkTransactions } from '../posting/chunk-transactions.ts'
import type { Rehearsal } from '../posting/rehearsal.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import { type RefusedRow, partOf } from './refused-rows.ts'
import { type BatchInRetry, countRetry, refusedRequestsOf, withRetry } from './retry-counts.ts'

/**
 * Posts refused rows to the database in chunks, each in one transaction: it reads the batch's record, posts the rows that
 * its retry does not count, and writes the record and the refusals. So each row is tried once, even if several processes
 * retry the batch. No rows at all end the retry.
 */
export function databaseRetryPoster(
  connection: Connection,
  {
    start,
    advice,
    patience,
  }: { start: BatchInRetry; advice: string; patience?: number | undefined },
): PostChunk {
  const batch = start._id
  const names = collectionsOf(connection)
  const transactions = new ChunkTransactions<RefusedRow>(connection, {
    requestsOf: refusedRequestsOf,
    patience,
  })

  return async (all) => {
    const posted = await transactions.post(
      all as readonly RefusedRow[],
      async (rows, transaction, presumeNew) => {
        const { database, session } = transaction
        const batches = database.collection<BatchRecord>(names.batches)
        const stored = await batches.findOne({ _id: batch }, { session })
        if (!stored) throw new BatchConflictError(batch, 'was removed while it was retried')
        const before = withRetry(recordToContinue(stored, start, advice))
        // Another process has ended this retry, and may have started the next.
        if (before.retry.number !== start.retry.number) {
          return { record: ended({ ...start, ...stored }), wereNew: presumeNew }
        }
        const remaining = rows.filter(({ position }) => position > before.retry.position)
        if (remaining.length === 0 && rows.length > 0) {
          return { record: before, wereNew: presumeNew }
        }
        const results = await post(refusedRequestsOf(remaining), transaction, { batch, presumeNew })
        const { record, refusals } = countRetry(before, remaining, results)
        const after = rows.length === 0 ? ended(record) : record
        await writeRefusals(database.collection<RefusalRecord>(names.refusals), {
          rows: remaining,
          refusals: refusals.map((refusal) => refusalRecord(batch, refusal)),
          session,
        })
        await batches.replaceOne({ _id: batch }, after, { session })
        return { record: after, wereNew: record.existing === before.existing }
      },
    )
    return { ...posted, record: asRunning(posted.record), refusals: [] }
  }
}

/**
 * Tries refused rows in the memory of a rehearsal. Of the rows that the retry has tried already, it returns the stored
 * refusals.
 */
export function rehearsalRetryPoster(rehearsal: Rehearsal, start: BatchInRetry): PostChunk {
  let before = start
  return async (all) => {
    const rows = all as readonly RefusedRow[]
    const tried = rows.filter(({ position }) => position <= start.retry.position)
    const next = rows.slice(tried.length)
    const results = await rehearsal.post(refusedRequestsOf(next), start._id)
    const { record, refusals } = countRetry(before, next, results)
    before = rows.length === 0 ? ended(record) : record
    return {
      record: asRunning(before),
      refusals: [...tried.flatMap(storedRefusalsOf), ...refusals],
    }
  }
}

const storedRefusalsOf = ({ line, item, text, refusals }: RefusedRow): BatchRefusal[] =>
  refusals.map((refusal) => {
    const { code, message, transferId, holdId, madeId } = refusal
    const reason = { code: code as BatchRefusalCode, message }
    return { line, item, part: partOf(refusal), text, ...reason, transferId, holdId, madeId }
  })

const ended = (record: BatchInRetry): BatchInRetry => ({
  ...record,
  retry: { ...record.retry, finishedAt: record.retry.finishedAt ?? new Date() },
})

/**
 * A batch's record as the posting of rows needs it: running, and at the position of its retry, until that ends.
 */
export function asRunning(record: BatchInRetry): BatchInRetry {
  const { position, finishedAt } = record.retry
  return { ...record, position, status: finishedAt ? 'finished' : 'running' }
}

/** Removes the refusals of transfers that are settled, and replaces those that have another reason now. */
async function writeRefusals(
  collection: mongo.Collection<RefusalRecord>,
  {
    rows,
    refusals,
    session,
  }: {
    rows: readonly RefusedRow[]
    refusals: readonly RefusalRecord[]
    session: ClientSession
  },
): Promise<void> {
  const now = new Map(refusals.map((refusal) => [placeOf(refusal), refusal]))
  const changed = rows
    .flatMap((row) => row.refusals)
    .filter((refusal) => {
      const { code, message } = now.get(placeOf(refusal)) ?? {}
      return code !== refusal.code || message !== refusal.message
    })
  if (changed.length === 0) return
  await collection.deleteMany({ _id: { $in: changed.map(({ _id }) => _id) } }, { session })
  const replacements = changed.flatMap((refusal) => now.get(placeOf(refusal)) ?? [])
  if (replacements.length > 0) await collection.insertMany(replacements, { session })
}

const placeOf = ({ _id: { line, item = 1, part = 1 } }: RefusalRecord): string =>
  `${line}.${item}.${part}`
