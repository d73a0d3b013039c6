import type { BatchRecord } from '../models/batch.ts'
import { formatMoney, toDecimal } from '../money/money.ts'
import { StorageError } from './errors.ts'
import type { BatchRefusal } from './reading/batch-file.ts'

/** What of a batch is done so far. */
export interface BatchProgress {
  /** How many records the file has. */
  readonly records: number
  /** How many of them are consumed: `posted` + `existing` + `refused`. */
  readonly read: number
  readonly posted: number
  /** Those that were posted before, by another batch or an earlier line, with the same content. */
  readonly existing: number
  readonly refused: number
}

/** How a replay ended. The counts are of the whole batch, earlier runs included. */
export interface ReplaySummary extends BatchProgress {
  readonly name: string
  /** The file, as it was named. */
  readonly source: string
  /** SHA-256 of the file, in hex. */
  readonly digest: string
  /**
   * `interrupted`: by the signal. `stopped`: at a refusal that was one too many, see `stoppedAt`.
   * Both go on where they stand when the file is replayed again. `refused`: an atomic batch of which nothing was posted.
   */
  readonly status: 'finished' | 'interrupted' | 'stopped' | 'refused'
  /** Whether nothing was written, not even what is counted here. */
  readonly dryRun: boolean
  /** Whether an earlier run had finished the batch, so that there was nothing to do. */
  readonly alreadyFinished: boolean
  readonly refusedByCode: Readonly<Record<string, number>>
  /** What was moved, by currency, in its decimals: `{ USD: '1234.50' }`. */
  readonly amountByCurrency: Readonly<Record<string, string>>
  /** How many records earlier runs had consumed. */
  readonly resumedAt: number
  /** The refusal right before which the batch stands. It is not counted, and is tried again. */
  readonly stoppedAt?: BatchRefusal
  /** Of this run. */
  readonly seconds: number
  /** Records a second, of this run. */
  readonly rate: number
}

/** A replay in progress. */
export interface ReplayProgress extends BatchProgress {
  readonly name: string
  /** `checking`: the file is read to its end before anything is posted; `records` is not known yet. */
  readonly phase: 'checking' | 'posting'
  /** How many records earlier runs had consumed. */
  readonly resumedAt: number
  /** Bytes of the file that were read in this phase. */
  readonly bytes: number
  readonly totalBytes: number
  /** Records a second, of this run. */
  readonly rate: number
  /** Estimated from the rate; absent while there is none. */
  readonly secondsLeft?: number
}

/** The counts of a batch's record. */
export const progressOf = (record: BatchRecord): BatchProgress => {
  const { records, position: read, posted, existing, refused } = record
  return { records, read, posted, existing, refused }
}

/** The amounts of a batch's record as text. */
export const amountsOf = ({ amountByCurrency }: BatchRecord): Record<string, string> =>
  Object.fromEntries(
    Object.entries(amountByCurrency).map(([code, sum]) => [
      code,
      formatMoney(toDecimal(sum), code),
    ]),
  )

/** The rejects could not be written. All else of the replay is done: `summary` tells of it. */
export class RejectsError extends StorageError {
  readonly summary: ReplaySummary
  constructor(file: string, cause: unknown, summary: ReplaySummary) {
    const problem = `the rejects cannot be written: ${(cause as Error).message}; all else is done: run the same command again, and it writes them`
    super(file, problem, { cause })
    this.summary = summary
  }
}
