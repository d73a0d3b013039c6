import type { BatchRecord } from '../models/batch.ts'
import type { ReplayOptions } from './options.ts'
import type { BatchOutcome } from './posting/post-rows.ts'
import {
  type BatchProgress,
  type ReplayProgress,
  type ReplaySummary,
  amountsOf,
  progressOf,
} from './summary.ts'

const INTERVAL_MS = 200

type ProgressOptions = Pick<ReplayOptions, 'dryRun' | 'onProgress'>

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

  summary({ record, status, stoppedAt }: BatchOutcome): ReplaySummary {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const { position: resumedAt, status: before } = this.#start
    return {
      name: record._id,
      source: record.source,
      digest: record.digest,
      status,
      dryRun: Boolean(this.#options.dryRun),
      alreadyFinished: before === 'finished',
      ...progressOf(record),
      refusedByCode: record.refusedByCode,
      amountByCurrency: amountsOf(record),
      resumedAt,
      seconds,
      rate: (record.position - resumedAt) / seconds,
      ...(stoppedAt && { stoppedAt }),
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
