import type { Connection } from 'mongoose'
import { isDriverError } from '../mongodb/driver-errors.ts'
import { requireConnection } from '../arguments.ts'
import { collectionsOf } from '../definition.ts'
import { countOf, quote } from '../messages.ts'
import { BATCH_NAME_RULE, type BatchRecord, freshBatch, isBatchName } from '../models/batch.ts'
import { explainedAccess } from '../mongodb/access.ts'
import { waitUntilOpen } from '../mongodb/connection.ts'
import { endAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { BatchConflictError, BatchFileError, ReplayOptionsError } from './errors.ts'
import { measureFile, requireAtomicSize } from './file-size.ts'
import {
  checkReplayOptions,
  refusalLimitOf,
  type ReplayOptions,
  type ResolvedReplayOptions,
} from './options.ts'
import { databasePoster, recordToContinue, requireNotStarted } from './posting/chunk-poster.ts'
import { type BatchOutcome, postRows } from './posting/post-rows.ts'
import { markBrokenGroups } from './posting/row-groups.ts'
import { Rehearsal } from './posting/rehearsal.ts'
import { ProgressTracker } from './progress.ts'
import { type BatchFile, adviceOnChangedFile } from './reading/batch-file.ts'
import { withFormat } from './reading/format-file.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import { openBatchFile } from './reading/format.ts'
import { readingOfRetry } from './reading/reading-options.ts'
import type { Row } from './reading/row.ts'
import { transformOf } from './reading/transform.ts'
import { RejectsFile, checkRejectsFile, storedRejects } from './rejects.ts'
import { isRestart, removeEarlierRun } from './restart.ts'
import { requireFinished, retryRows } from './retry/retry.ts'
import { type BatchInRetry, withRetry } from './retry/retry-counts.ts'
import { type Source, openSource } from './source/source.ts'
import { RejectsError, type ReplaySummary } from './summary.ts'

export type { ReplayOptions, ReplaySummary }

/** Does the work of `replay()`, which index.ts documents. */
export async function replay<FileRecord extends object = Record<string, string>>(
  connection: Connection,
  call: ReplayOptions<FileRecord>,
): Promise<ReplaySummary> {
  requireConnection(connection)
  checkReplayOptions(call)
  const options = withFormat(call)
  if (options.rejects !== undefined) await checkRejectsFile(options.rejects, options)
  const source = await openSource(options)
  try {
    await waitUntilOpen(connection)
    return await replaySource(source, connection, options)
  } catch (error) {
    throw await explainedAccess(error, connection)
  } finally {
    await source.close()
  }
}

async function replaySource(
  source: Source,
  connection: Connection,
  options: ResolvedReplayOptions,
): Promise<ReplaySummary> {
  const { signal, atomic = false, retry = false, dryRun = false, rejects: path } = options
  const rehearsal = dryRun === true ? new Rehearsal(connection) : dryRun || undefined
  const digest = await source.digest()
  const name = batchNameOf(source, digest, options)
  const fields = ownFieldsOf(connection)
  const file = await openBatchFile(source, {
    batch: name,
    options,
    transform: transformOf(options.transform),
    restore: options.restore,
    ownFields: fields.transfer,
    accountFields: fields.account,
  })
  const rehearsed = rehearsal?.recordOf(name)
  if (rehearsed && retry) refuseRetryOf(name)
  const newBatch = freshBatch({ name, source: source.name, digest, reading: file.reading })
  const found =
    rehearsed ??
    (await connection
      .collection<BatchRecord>(collectionsOf(connection).batches)
      .findOne({ _id: name }))
  if (retry && found) newBatch.reading = readingOfRetry(found.reading, newBatch.reading)
  const canRestart = found !== null && isRestart(found, newBatch)
  const earlier = canRestart && !retry ? found : undefined
  const stored = earlier ? null : found
  if (rehearsed && stored && path !== undefined) refuseRejectsOf(name)
  const advice = canRestart ? ADVICE_ON_RESTART : adviceOnChangedFile(file)
  const continued = recordToContinue(stored, newBatch, advice)
  const retried = retry ? withRetry(requireFinished(stored, name)) : undefined
  const start = retried ?? continued
  const progress = new ProgressTracker(start, options)
  if (!stored) {
    if (!file.hasIds && options.name === undefined) {
      await refuseSameContent(connection, newBatch, rehearsal?.records)
    }
    const onRecords = (records: number) => progress.checked(records)
    const size = await measureFile(file, { signal, onRecords })
    if (!size) return progress.summary({ record: start, status: 'interrupted' })
    newBatch.records = size.records
    if (atomic) requireAtomicSize(size, source.name)
  } else if (atomic && stored.status !== 'finished') {
    requireNotStarted(stored)
  }
  if (earlier) {
    if (rehearsal) rehearsal.forget(name)
    else await removeEarlierRun(connection, newBatch)
  }

  const rejects =
    path === undefined ? undefined : new RejectsFile(path, file.rejects, source.encoding)
  try {
    // A retry tries them all again, so what it refuses is complete.
    if (rehearsal && !retry && !earlier) await rejects?.add(storedRejects(connection, name))
    const parts = { source, file, start, newBatch, progress }
    const postingOptions = { ...options, rehearsal, rejects }
    const outcome = retried
      ? await retryFile({ ...parts, start: retried }, connection, postingOptions)
      : start.status === 'finished'
        ? { record: start, status: start.status }
        : await postFile(parts, connection, postingOptions)
    const summary = {
      ...progress.summary(outcome, file),
      ...(earlier && { startedAgain: { refused: earlier.refused } }),
    }
    try {
      if (!rehearsal) await rejects?.add(storedRejects(connection, name))
      const keptRejects = await rejects?.save()
      return keptRejects === undefined ? summary : { ...summary, keptRejects }
    } catch (error) {
      throw isDriverError(error, 'MongoError')
        ? error
        : new RejectsError(path ?? '', error, summary)
    }
  } finally {
    await rejects?.close()
  }
}

const ADVICE_ON_RESTART = 'leave --retry out: the batch has posted nothing, so it is started again'

function batchNameOf(
  { baseName, name: file }: Source,
  digest: string,
  options: Pick<ReplayOptions, 'name'>,
): string {
  const name = options.name ?? baseName ?? `stdin-${digest.slice(0, 16)}`
  if (isBatchName(name)) return name
  const problem = `the batch cannot have the file's name, because it is not ${BATCH_NAME_RULE}: name the batch with --as NAME`
  throw new BatchFileError(file, problem)
}

/**
 * Refuses a file without ids whose content was replayed under another name. Its ids are made of the batch's
 * name, so all of its lines would be posted again.
 */
async function refuseSameContent(
  connection: Connection,
  { _id, digest }: BatchRecord,
  rehearsed: readonly BatchRecord[] = [],
): Promise<void> {
  const same =
    rehearsed.find((record) => record.digest === digest && record._id !== _id) ??
    (await connection
      .collection<BatchRecord>(collectionsOf(connection).batches)
      .findOne({ digest, _id: { $ne: _id } }))
  if (!same) return
  const name = quote(same._id)
  const problem = `has the same content as batch ${name}, and its lines have no ids, so all of them would be posted again. To continue batch ${name}, add --as ${name}. To post them again on purpose, name this batch with --as NAME`
  throw new BatchConflictError(_id, problem)
}

function refuseRejectsOf(batch: string): never {
  throw new ReplayOptionsError(
    `the rehearsal given as 'dryRun' has already rehearsed a part of batch ${quote(batch)} and has not kept its rejects: leave 'rejects' out, or rehearse the batch on its own`,
  )
}

function refuseRetryOf(batch: string): never {
  throw new ReplayOptionsError(
    `the rehearsal given as 'dryRun' has already rehearsed batch ${quote(batch)}, whose refusals are not stored: leave 'retry' out, or rehearse the retry on its own`,
  )
}

interface Replay {
  readonly source: Source
  readonly file: BatchFile
  /** The batch's record at the start of this run. */
  readonly start: BatchRecord
  /** The batch's record before its first row is consumed. */
  readonly newBatch: BatchRecord
  readonly progress: ProgressTracker
}

type PostFileOptions = Omit<ResolvedReplayOptions, 'rejects'> & {
  readonly rehearsal: Rehearsal | undefined
  readonly rejects: RejectsFile | undefined
}

/** Posts or rehearses what is left of a file. */
async function postFile(
  { source, file, start, newBatch, progress }: Replay,
  connection: Connection,
  { rehearsal, rejects, ...options }: PostFileOptions,
): Promise<BatchOutcome> {
  const refusalLimit = refusalLimitOf(options)
  const advice = adviceOnChangedFile(file)
  const poster =
    rehearsal?.poster({ start, refusalLimit }) ??
    databasePoster(connection, { newBatch, refusalLimit, advice, patience: options.patience })
  if (!rehearsal) await endAbandonedTransactions(connection)
  return await postRows(rowsAfter(start.position, file), poster, {
    start,
    isAtomic: options.atomic ?? false,
    signal: options.signal,
    async onRead(rows, { position, records }) {
      await requireUnchanged(source, advice)
      if (rows.length > 0 || position === records) return
      const problem = `the file has ${countOf(position, 'record')}, but the batch was started with ${records}`
      throw new BatchFileError(source.name, problem)
    },
    onPosted: (record) => progress.posted(record),
    onRefused: rejects && ((refusals) => rejects.add(refusals)),
  })
}

/** Tries the refused rows of a file again, or rehearses that. */
async function retryFile(
  { source, file, start, progress }: Replay & { readonly start: BatchInRetry },
  connection: Connection,
  { rehearsal, rejects, signal, patience }: PostFileOptions,
): Promise<BatchOutcome> {
  const advice = adviceOnChangedFile(file)
  if (!rehearsal) await endAbandonedTransactions(connection)
  return await retryRows(connection, {
    start,
    rehearsal,
    signal,
    patience,
    advice,
    rows: rowsAfter(0, file),
    onRead: () => requireUnchanged(source, advice),
    onPosted: (record) => progress.retried(record),
    onRefused: rejects && ((refusals) => rejects.add(refusals)),
  })
}

async function requireUnchanged(source: Source, advice: string): Promise<void> {
  if (await source.isUnchanged()) return
  const problem = `the file was changed while it was being read: what is posted stays posted. To post the rest, ${advice}`
  throw new BatchFileError(source.name, problem)
}

/** The rows of a file after a position, in blocks. */
async function* rowsAfter(position: number, file: BatchFile): AsyncGenerator<Row[]> {
  // The row before the first one says whether a group that starts there is broken.
  let extra = position === 0 ? 0 : 1
  for await (const block of markBrokenGroups(rowsFrom(position, file))) {
    yield extra === 0 ? block : block.slice(extra)
    if (block.length > 0) extra = 0
  }
}

/** The rows of a file from the one at a position, in blocks. */
async function* rowsFrom(from: number, file: BatchFile): AsyncGenerator<Row[]> {
  const position = Math.max(0, from - 1)
  let end = 0
  for await (const block of file.records()) {
    const start = end
    end += block.length
    const consumed = Math.min(block.length, Math.max(0, position - start))
    const first = file.isCumulative ? 0 : consumed
    const rows = block
      .slice(first)
      .map((record, index) => file.row(record, start + first + index + 1))
    if (end > position) yield first === consumed ? rows : rows.slice(consumed)
  }
}
