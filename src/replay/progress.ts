import type { BatchRecord } from '../models/batch.ts'
import type { ReplayOptions } from './options.ts'
import type { Outcome } from './posting/post-rows.ts'
import type { Source } from './source/source.ts'
import { type ReplayProgress, type ReplaySummary, amountsOf, progressOf } from './summary.ts'

const INTERVAL_MS = 200

/** Measures one run of a replay, and tells of it a few times a second. */
export class Meter {
  readonly #begun = performance.now()
  readonly #source: Source
  readonly #begin: BatchRecord
  readonly #options: Pick<ReplayOptions, 'dryRun' | 'onProgress'>
  #told = 0
  #phase: ReplayProgress['phase'] | undefined

  constructor(
    source: Source,
    begin: BatchRecord,
    options: Pick<ReplayOptions, 'dryRun' | 'onProgress'>,
  ) {
    this.#source = source
    this.#begin = begin
    this.#options = options
  }

  /** So many records of the file were read to check it. */
  checked(records: number): void {
    const { read: _, ...counts } = progressOf(this.#begin)
    this.#report({ ...counts, read: records }, 'checking', records)
  }

  /** The batch stands where its record says. */
  posted(record: BatchRecord): void {
    const { position: resumedAt } = this.#begin
    this.#report(progressOf(record), 'posting', record.position - resumedAt)
  }

  summary({ record, status, stoppedAt }: Outcome): ReplaySummary {
    const seconds = (performance.now() - this.#begun) / 1000
    const { position: resumedAt, status: before } = this.#begin
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

  #report(
    counts: ReturnType<typeof progressOf>,
    phase: ReplayProgress['phase'],
    done: number,
  ): void {
    const now = performance.now()
    const isDue =
      now - this.#told >= INTERVAL_MS || phase !== this.#phase || counts.read === counts.records
    const { onProgress } = this.#options
    if (!onProgress || !isDue) return
    this.#phase = phase
    this.#told = now
    const rate = (done * 1000) / (now - this.#begun)
    const left = counts.records - counts.read
    onProgress({
      name: this.#begin._id,
      phase,
      ...counts,
      resumedAt: this.#begin.position,
      bytes: this.#source.consumed,
      totalBytes: this.#source.size,
      rate,
      ...(phase === 'posting' && rate > 0 ? { secondsLeft: left / rate } : {}),
    })
  }
}
