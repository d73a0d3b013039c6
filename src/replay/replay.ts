import mongoose, { type Connection } from 'mongoose'
import { quote } from '../messages.ts'
import { BATCH_NAME_RULE, type BatchRecord, freshBatch, isBatchName } from '../models/batch.ts'
import { endAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { BatchConflictError, BatchFileError, refuse } from './errors.ts'
import { measure, requireAtomicSize } from './file-size.ts'
import { checkReplayOptions, mostRefusals, type ReplayOptions } from './options.ts'
import { checkedRecord, databaseBook, requireUnbegun } from './posting/book.ts'
import { type Outcome, postRows } from './posting/post-rows.ts'
import { Rehearsal } from './posting/rehearsal.ts'
import { Meter } from './progress.ts'
import { type BatchFile, adviceOnChangedFile } from './reading/batch-file.ts'
import { openBatchFile } from './reading/format.ts'
import type { Row } from './reading/row.ts'
import { RejectsFile, checkRejectsFile, storedRejects } from './rejects.ts'
import { type Source, openSource } from './source/source.ts'
import { RejectsError, type ReplaySummary } from './summary.ts'

export type { ReplayOptions, ReplaySummary }

/**
 * Posts the transfers of a file as a batch, as if one by one in the file's order, each exactly once:
 * killed at any instant and run again it goes on where it stood. The file is read to its end before
 * anything is posted, so a file that cannot be read posts nothing. A refused line is a result.
 *
 * @throws InputError where the file, the options or a batch of the same name do not allow it
 * @throws RejectsError where all is done and only the rejects cannot be written; it holds the summary
 * @example
 * const summary = await replay(connection, { file: 'transfers.csv', rejects: 'rejects.csv' })
 */
export async function replay(
  connection: Connection,
  options: ReplayOptions,
): Promise<ReplaySummary> {
  checkReplayOptions(options)
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
  const { signal, atomic = false, dryRun = false, rejects: path } = options
  const rehearsal = dryRun === true ? new Rehearsal(connection) : dryRun || undefined
  const digest = await source.digest()
  const name = nameOf(source, digest, options)
  const file = await openBatchFile(source, { batch: name, options })
  const rehearsed = rehearsal?.recordOf(name)
  if (rehearsed && path !== undefined) refuseRejectsOf(name)
  const stored =
    rehearsed ?? (await connection.collection<BatchRecord>('batches').findOne({ _id: name }))
  const fresh = freshBatch({ name, source: source.name, digest, reading: file.reading })
  const begin = checkedRecord(stored, fresh, adviceOnChangedFile(file))
  const meter = new Meter(source, begin, options)
  if (!stored) {
    if (!file.hasIds && options.name === undefined) {
      await refuseTwin(connection, fresh, rehearsal?.records)
    }
    const extent = await measure(file, { signal, onRecords: (records) => meter.checked(records) })
    if (!extent) return meter.summary({ record: begin, status: 'interrupted' })
    fresh.records = extent.records
    if (atomic) requireAtomicSize(extent, source.name)
  } else if (atomic && stored.status !== 'finished') {
    requireUnbegun(stored)
  }

  const rejects = path === undefined ? undefined : new RejectsFile(path, file.rejects)
  try {
    if (rehearsal) await rejects?.add(storedRejects(connection, name))
    const outcome =
      begin.status === 'finished'
        ? { record: begin, status: begin.status }
        : await run({ source, file, begin, fresh, meter }, connection, {
            ...options,
            rehearsal,
            rejects,
          })
    const summary = meter.summary(outcome)
    try {
      if (!rehearsal) await rejects?.add(storedRejects(connection, name))
      await rejects?.put()
    } catch (error) {
      throw error instanceof mongoose.mongo.MongoError
        ? error
        : new RejectsError(path ?? '', error, summary)
    }
    return summary
  } finally {
    await rejects?.close()
  }
}

function nameOf({ baseName, name: file }: Source, digest: string, options: ReplayOptions): string {
  const name = options.name ?? baseName ?? `stdin-${digest.slice(0, 16)}`
  if (isBatchName(name)) return name
  const problem = `the file's name is not ${BATCH_NAME_RULE}: name the batch (--as NAME)`
  throw new BatchFileError(file, problem)
}

/** Refuses to post the lines of a batch once more because their file has another name: they get other ids by it. */
async function refuseTwin(
  connection: Connection,
  { _id, digest }: BatchRecord,
  rehearsed: readonly BatchRecord[] = [],
): Promise<void> {
  const twin =
    rehearsed.find((record) => record.digest === digest) ??
    (await connection.collection<BatchRecord>('batches').findOne({ digest }))
  if (!twin) return
  const name = quote(twin._id)
  const problem = `would have the very content of batch ${name}, whose lines have no ids of their own: under another name all of them would be posted again; go on with that batch (--as ${name}), or name this one (--as NAME) where that is meant`
  throw new BatchConflictError(_id, problem)
}

function refuseRejectsOf(batch: string): never {
  refuse(
    (name) =>
      `the rehearsal given as ${name('dryRun')} has rehearsed a part of batch ${quote(batch)} before, whose rejects it has not kept: leave ${name('rejects')} out, or rehearse it alone`,
  )
}

interface Replay {
  readonly source: Source
  readonly file: BatchFile
  readonly begin: BatchRecord
  readonly fresh: BatchRecord
  readonly meter: Meter
}

type RunOptions = Omit<ReplayOptions, 'rejects'> & {
  readonly rehearsal: Rehearsal | undefined
  readonly rejects: RejectsFile | undefined
}

async function run(
  { source, file, begin, fresh, meter }: Replay,
  connection: Connection,
  { rehearsal, rejects, ...options }: RunOptions,
): Promise<Outcome> {
  const most = mostRefusals(options)
  const advice = adviceOnChangedFile(file)
  const book = rehearsal?.book({ begin, most }) ?? databaseBook(connection, { fresh, most, advice })
  if (!rehearsal) await endAbandonedTransactions(connection)
  return await postRows(rowsOf(file, begin.position), book, {
    begin,
    isAtomic: options.atomic ?? false,
    signal: options.signal,
    async onRead(rows, { position, records }) {
      if (!(await source.isUnchanged())) {
        const problem = `the file was changed while it was being read: what is posted stays posted, and ${advice}`
        throw new BatchFileError(source.name, problem)
      }
      if (rows.length > 0 || position === records) return
      const problem = `the file has ${position} records, and the batch was begun with ${records}`
      throw new BatchFileError(source.name, problem)
    },
    onAdvance: (record) => meter.posted(record),
    onRefused: rejects && ((refusals) => rejects.add(refusals)),
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
