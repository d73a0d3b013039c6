import type { BatchRecord } from '../models/batch.ts'
import type { ReplayOptions } from './options.ts'
import type { BatchOutcome } from './posting/post-rows.ts'
import type { Source } from './source/source.ts'
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
  readonly #source: Source
  /** The batch's record at the start of this run. */
  readonly #start: BatchRecord
  readonly #options: ProgressOptions
  #reportedAt = 0
  #phase: ReplayProgress['phase'] | undefined

  constructor(source: Source, start: BatchRecord, options: ProgressOptions) {
    this.#source = source
    this.#start = start
    this.#options = options
  }

  /** Reports how many records of the file were checked. */
  checked(records: number): void {
    const { read: _, ...counts } = progressOf(this.#start)
    this.#report({ ...counts, read: records }, 'checking', records)
  }

  /** Reports how far the batch is posted. */
  posted(record: BatchRecord): void {
    const { position: resumedAt } = this.#start
    this.#report(progressOf(record), 'posting', record.position - resumedAt)
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

  /** Calls `onProgress` if it is due. `done` is how many records this run has checked or posted. */
  #report(counts: BatchProgress, phase: ReplayProgress['phase'], done: number): void {
    const now = performance.now()
    const isDue =
      now - this.#reportedAt >= INTERVAL_MS ||
      phase !== this.#phase ||
      counts.read === counts.records
    const { onProgress } = this.#options
    if (!onProgress || !isDue) return
    this.#phase = phase
    this.#reportedAt = now
    const rate = (done * 1000) / (now - this.#startedAt)
    const left = counts.records - counts.read
    onProgress({
      name: this.#start._id,
      phase,
      ...counts,
      resumedAt: this.#start.position,
      bytes: this.#source.consumed,
      totalBytes: this.#source.size,
      rate,
      ...(phase === 'posting' && rate > 0 ? { secondsLeft: left / rate } : {}),
    })
  }
}
