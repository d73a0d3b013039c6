import type { Connection } from 'mongoose'
import { ATOMIC_LIMIT } from '../account.ts'
import { type BatchRecord, freshBatch } from '../batch.ts'
import { endAbandonedTransactions } from './abandoned.ts'
import { type BatchFile, howToGoOn } from './batch-file.ts'
import { type Book, checkedRecord, databaseBook, requireUnbegun } from './book.ts'
import { BatchFileError } from './errors.ts'
import { openBatchFile } from './format.ts'
import {
  BATCH_NAME,
  type ReplayOptions,
  checkOptions,
  isBatchName,
  mostRefusals,
} from './options.ts'
import { Meter } from './meter.ts'
import { type Outcome, postRows } from './post-rows.ts'
import { rehearsal } from './rehearsal.ts'
import { checkRejectsFile, rejectsOf, writeRejects } from './rejects.ts'
import type { Row } from './row.ts'
import { ATOMIC_TEXT } from './row-queue.ts'
import { type Source, openSource } from './source.ts'
import type { ReplaySummary } from './summary.ts'

/**
 * Posts the transfers of a file as a batch, as if one by one in the file's order, each exactly once:
 * killed at any instant and run again it goes on where it stood. The file is read to its end before
 * anything is posted, so a file that cannot be read posts nothing. A refused line is a result.
 *
 * @throws ReplayError where the file, the options or a batch of the same name do not allow it
 * @example
 * const summary = await replay(connection, { file: 'transfers.csv', rejects: 'rejects.csv' })
 */
export type { ReplayOptions, ReplaySummary }

export async function replay(
  connection: Connection,
  options: ReplayOptions,
): Promise<ReplaySummary> {
  checkOptions(options)
  if (options.rejects !== undefined) await checkRejectsFile(options.rejects, options)
  const source = await openSource(options)
  try {
    return await replaySource(source, connection, options)
  } finally {
    await source.close()
  }
}

async function replaySource(
  source: Source,
  connection: Connection,
  options: ReplayOptions,
): Promise<ReplaySummary> {
  const digest = await source.digest()
  const name = options.name ?? source.baseName ?? `stdin-${digest.slice(0, 16)}`
  if (!isBatchName(name)) {
    throw new BatchFileError(
      source.name,
      `the file's name is not ${BATCH_NAME}: name the batch with --as`,
    )
  }
  const file = await openBatchFile(source, { batch: name, options })
  const stored = await connection.collection<BatchRecord>('batches').findOne({ _id: name })
  const fresh = freshBatch({ name, source: source.name, digest, reading: file.reading })
  const begin = checkedRecord(stored, fresh, howToGoOn(file))
  const meter = new Meter(source, begin, options.onProgress)
  if (!stored) {
    const counted = await count(file, meter, options)
    if (!counted) return meter.summary(begin, 'interrupted', options)
    fresh.records = counted.records
    if (options.atomic) checkAtomic(counted, source)
  } else if (options.atomic && stored.status !== 'finished') {
    requireUnbegun(stored)
  }
  const outcome =
    stored?.status === 'finished'
      ? { record: stored, status: 'finished' as const, refusals: [] }
      : await run({ source, file, begin, fresh, meter }, connection, options)
  if (options.rejects !== undefined) {
    const rejects = rejectsOf(connection, name, outcome.refusals)
    await writeRejects(options.rejects, rejects, file.rejects)
  }
  const { record, status, stoppedAt } = outcome
  return { ...meter.summary(record, status, options), ...(stoppedAt && { stoppedAt }) }
}

interface Replay {
  readonly source: Source
  readonly file: BatchFile
  readonly begin: BatchRecord
  readonly fresh: BatchRecord
  readonly meter: Meter
}

async function run(
  { source, file, begin, fresh, meter }: Replay,
  connection: Connection,
  options: ReplayOptions,
): Promise<Outcome> {
  const most = mostRefusals(options)
  const book: Book = options.dryRun
    ? rehearsal(connection, { begin, most })
    : databaseBook(connection, { fresh, most, advice: howToGoOn(file) })
  if (!options.dryRun) await endAbandonedTransactions(connection)
  return await postRows(rowsOf(file, begin.position), book, {
    begin,
    isAtomic: options.atomic ?? false,
    signal: options.signal,
    async onRead(rows, { position, records }) {
      if (!(await source.isUnchanged())) {
        const problem = `the file was changed while it was being read: what is posted stays posted, and ${howToGoOn(file)}`
        throw new BatchFileError(source.name, problem)
      }
      if (rows.length > 0 || position === records) return
      const problem = `the file has ${position} records, and the batch was begun with ${records}`
      throw new BatchFileError(source.name, problem)
    },
    onAdvance: (record) => meter.posted(record),
  })
}

/** What the records after a position ask for. */
async function* rowsOf(file: BatchFile, position: number): AsyncGenerator<Row[]> {
  let reached = 0
  for await (const block of file.records()) {
    const first = reached
    reached += block.length
    if (reached <= position) continue
    const skipped = Math.max(0, position - first)
    yield block.slice(skipped).map((record, index) => file.row(record, first + skipped + index + 1))
  }
}

/** Reads the file to its end, so that what is wrong with it is known before anything is posted. */
async function count(
  file: BatchFile,
  meter: Meter,
  { signal }: ReplayOptions,
): Promise<Extent | undefined> {
  let [records, characters] = [0, 0]
  for await (const block of file.records()) {
    if (signal?.aborted) return undefined
    records += block.length
    for (const { text } of block) characters += text.length
    meter.checked(records)
  }
  return { records, characters }
}

/** How large a file is. */
interface Extent {
  readonly records: number
  readonly characters: number
}

/** Refuses a file that is too large for one transaction. */
function checkAtomic({ records, characters }: Extent, { name }: Source): void {
  const found =
    records > ATOMIC_LIMIT
      ? `the file has ${records} transfers, and one transaction holds ${ATOMIC_LIMIT}`
      : `the file's records have ${characters} characters, and one transaction holds ${ATOMIC_TEXT}`
  if (records <= ATOMIC_LIMIT && characters <= ATOMIC_TEXT) return
  throw new BatchFileError(name, `${found} at most: split the file, or leave --atomic out`)
}
