import type { BatchRecord, BatchRetry } from '../models/batch.ts'
import type { ReplayOptions } from './options.ts'
import type { BatchOutcome } from './posting/post-rows.ts'
import type { BatchFile } from './reading/batch-file.ts'
import {
  type BatchProgress,
  type ReplayProgress,
  type ReplaySummary,
  type RetrySummary,
  amountsOf,
  progressOf,
} from './summary.ts'

const INTERVAL_MS = 200

type ProgressOptions = Pick<ReplayOptions, 'dryRun' | 'retry' | 'onProgress'>

/** Follows one run of a replay: reports its progress a few times a second, and summarizes it at the end. */
export class ProgressTracker {
  readonly #startedAt = performance.now()
  /** The batch's record at the start of this run. */
  readonly #start: BatchRecord
  readonly #options: ProgressOptions
  #reportedAt = 0
  #phase: ReplayProgress['phase'] | undefined

  constructor(start: BatchRecord, options: ProgressOptions) {
    this.#start = start
    this.#options = options
  }

  /** Reports how many records of the file were checked. */
  checked(records: number): void {
    this.#report({ ...progressOf(this.#start), read: records }, 'checking')
  }

  /** Reports how far the batch is posted. */
  posted(record: BatchRecord): void {
    this.#report(progressOf(record), 'posting')
  }

  /** Reports how many refused lines of the batch were tried again. */
  retried({ retry }: BatchRecord): void {
    if (!retry) return
    const { lines, posted, existing, refused } = retry
    const counts = { posted, existing, refused, skipped: 0 }
    this.#report({ records: lines, read: triedBy(retry), ...counts }, 'posting')
  }

  /** `file` says how it was read, once it was. */
  summary(
    { record, status, stoppedAt }: BatchOutcome,
    file?: Pick<BatchFile, 'timeZone' | 'warnings'>,
  ): ReplaySummary {
    const timeZone = file?.timeZone()
    const warnings = file?.warnings({ areAllSkipped: record.skipped === record.position }) ?? []
    const seconds = (performance.now() - this.#startedAt) / 1000
    const { position: resumedAt, status: before } = this.#start
    const retry = this.#options.retry ? record.retry : undefined
    const done = retry ? triedBy(retry) - triedBy(this.#start.retry) : record.position - resumedAt
    return {
      name: record._id,
      source: record.source,
      digest: record.digest,
      status,
      dryRun: Boolean(this.#options.dryRun),
      alreadyFinished: before === 'finished' && !retry,
      ...progressOf(record),
      refusedByCode: record.refusedByCode,
      amountByCurrency: amountsOf(record),
      accountsOpened: record.accountsOpened ?? 0,
      holdsPlaced: record.holdsPlaced ?? 0,
      holdsReleased: record.holdsReleased ?? 0,
      resumedAt,
      seconds,
      rate: done / seconds,
      ...(retry && { retry: summaryOf(retry) }),
      ...(stoppedAt && { stoppedAt }),
      ...(timeZone !== undefined && { timeZone }),
      ...(warnings.length > 0 && { warnings }),
    }
  }

  #report(counts: BatchProgress, phase: ReplayProgress['phase']): void {
    const now = performance.now()
    const isDue =
      now - this.#reportedAt >= INTERVAL_MS ||
      phase !== this.#phase ||
      counts.read === counts.records
    if (!isDue) return
    this.#phase = phase
    this.#reportedAt = now
    this.#options.onProgress?.({ name: this.#start._id, phase, ...counts })
  }
}

const triedBy = ({ posted = 0, existing = 0, refused = 0 }: Partial<BatchRetry> = {}): number =>
  posted + existing + refused

const summaryOf = ({ lines, posted, existing, refused }: BatchRetry): RetrySummary => ({
  lines,
  posted,
  existing,
  refused,
})
