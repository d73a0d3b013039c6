import mongoose, { type Connection } from 'mongoose'
import type { MigrationParameters } from '../migration/migration.ts'
import type { BatchRecord } from '../models/batch.ts'
import { BatchConflictError } from '../replay/errors.ts'
import { databasePoster } from '../replay/posting/chunk-poster.ts'
import { postRows } from '../replay/posting/post-rows.ts'
import type { Row } from '../replay/reading/row.ts'
import { ADOPTION_BATCH, ADOPTION_SOURCE } from './adoption-record.ts'
import type { NotebookCollections } from './collections.ts'
import { readTransfer } from './documents.ts'
import { documentsOf } from './stored-documents.ts'

/** What to do if the notebook is not the one whose adoption was started. */
export const ADVICE = 'daybook migrate down brings the notebook back'

const PROGRESS_INTERVAL_MS = 5_000

interface TransferPosting extends Pick<MigrationParameters, 'log' | 'signal'> {
  /** The batch as an earlier run left it, or the new one. */
  readonly current: BatchRecord
  /** The batch of this notebook before its first transfer. */
  readonly fresh: BatchRecord
}

/** Posts those of a notebook's transfers that are not posted yet, in order. Returns the finished batch. */
export async function postNotebookTransfers(
  connection: Connection,
  { transfers }: NotebookCollections,
  { current, fresh, log, signal }: TransferPosting,
): Promise<BatchRecord> {
  let loggedAt = performance.now()
  const { record } = await postRows(
    rowsOf(transfers, { after: current.position, expected: fresh.records, signal }),
    databasePoster(connection, { newBatch: fresh, refusalLimit: Infinity, advice: ADVICE }),
    {
      start: current,
      signal,
      onPosted({ position, records }) {
        if (performance.now() - loggedAt < PROGRESS_INTERVAL_MS) return
        loggedAt = performance.now()
        log(`adopted ${position} of ${records} transfers`)
      },
    },
  )
  signal.throwIfAborted()
  return record
}

const ROWS_AT_ONCE = 1_000

/** The transfers after a position, as the rows of a batch. */
async function* rowsOf(
  transfers: NotebookCollections['transfers'],
  { after, expected, signal }: { after: number; expected: number; signal: AbortSignal },
): AsyncGenerator<Row[]> {
  let position = 0
  let rows: Row[] = []
  for await (const document of documentsOf(transfers, { signal })) {
    position += 1
    if (position <= after) continue
    if (position > expected) {
      throw new BatchConflictError(
        ADOPTION_BATCH,
        `has more documents in ${ADOPTION_SOURCE} than at its start. ${ADVICE}`,
      )
    }
    const request = readTransfer(document)
    const text = mongoose.mongo.BSON.EJSON.stringify(document)
    const row = { position, line: position, item: 1, text }
    rows.push('problem' in request ? { ...row, ...request } : { ...row, request })
    if (rows.length < ROWS_AT_ONCE) continue
    yield rows
    rows = []
  }
  yield rows
}
