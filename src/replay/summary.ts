import type { BatchRecord } from '../models/batch.ts'
import { formatMoney, toDecimal } from '../money/money.ts'
import { StorageError } from './errors.ts'
import type { BatchRefusal } from './reading/batch-file.ts'

export interface BatchProgress {
  /** How many records the file has. */
  readonly records: number
  /** How many of them are consumed: `posted` + `existing` + `refused` + `skipped`. */
  readonly read: number
  /** What was posted: transfers, and of a file with holds also those and their releases. */
  readonly posted: number
  /** Transfers that an earlier line or another batch had already posted, with the same content. */
  readonly existing: number
  readonly refused: number
  /** Records that ask for no transfer. */
  readonly skipped: number
}

/** How a replay ended. The counts are of the whole batch, including earlier runs. */
export interface ReplaySummary extends BatchProgress {
  readonly name: string
  /** The file's path as given, or `standard input`. */
  readonly source: string
  /** SHA-256 of the file, in hex. */
  readonly digest: string
  /**
   * `finished`: all records are consumed. `interrupted`: the signal ended the replay. `stopped`: the next refusal
   * would have exceeded the limit, see `stoppedAt`. `refused`: a line of an atomic batch was refused, so nothing
   * was posted. After `interrupted` and `stopped`, replay the file again to continue.
   */
  readonly status: 'finished' | 'interrupted' | 'stopped' | 'refused'
  /** Whether it was a rehearsal: nothing that is counted here was written to the database. */
  readonly dryRun: boolean
  /** Whether an earlier run had finished the batch, so that this run did nothing. */
  readonly alreadyFinished: boolean
  readonly refusedByCode: Readonly<Record<string, number>>
  /** The sum of the posted amounts by currency, with the currency's decimals: `{ USD: '1234.50' }`. */
  readonly amountByCurrency: Readonly<Record<string, string>>
  /** The zone in which this run read dates without a zone of their own. Absent if there were none. */
  readonly timeZone?: string
  /**
   * What may be wrong with the options: keys that they name and no object has, or a `where` that left out every line
   * of this run. Absent if there is nothing.
   */
  readonly warnings?: readonly string[]
  /** How many accounts were opened on the way. */
  readonly accountsOpened: number
  /** How many of those posted are holds. */
  readonly holdsPlaced: number
  /** How many of those posted are releases of holds. */
  readonly holdsReleased: number
  /**
   * What an earlier run had left, if this one started the batch again: that one had posted nothing, and was of another
   * file or read it with other options. Its record and its refusals were removed.
   */
  readonly startedAgain?: { readonly refused: number }
  /** How many records earlier runs had consumed. */
  readonly resumedAt: number
  /**
   * The refusal that would have exceeded the limit. The batch stopped right before its line. It is not counted,
   * and the next replay tries the line again.
   */
  readonly stoppedAt?: BatchRefusal
  /** What the retry did; only with the option `retry`. The other counts are of the batch as it is after it. */
  readonly retry?: RetrySummary
  /**
   * The path of a copy of the file of rejects that was there before. It is kept because it had rejects that are not
   * in the new file, or corrections.
   */
  readonly keptRejects?: string
  /** How long this run took. */
  readonly seconds: number
  /** Records per second in this run. */
  readonly rate: number
}

export interface RetrySummary {
  /** How many lines of the batch were refused before the retry. */
  readonly lines: number
  readonly posted: number
  readonly existing: number
  /** How many were refused again. */
  readonly refused: number
}

export interface ReplayProgress extends BatchProgress {
  readonly name: string
  /** `checking`: the whole file is read before anything is posted, and `records` is not known yet. */
  readonly phase: 'checking' | 'posting'
}

export const progressOf = (record: BatchRecord): BatchProgress => {
  const { records, position: read, posted, existing, refused, skipped = 0 } = record
  return { records, read, posted, existing, refused, skipped }
}

export const amountsOf = ({ amountByCurrency }: BatchRecord): Record<string, string> =>
  Object.fromEntries(
    Object.entries(amountByCurrency).map(([code, sum]) => [
      code,
      formatMoney(toDecimal(sum), code),
    ]),
  )

/** The rejects could not be written. Everything else in the replay is done: see `summary`. */
export class RejectsError extends StorageError {
  readonly summary: ReplaySummary
  constructor(file: string, cause: unknown, summary: ReplaySummary) {
    const problem = `the rejects cannot be written: ${(cause as Error).message}. Everything else is done. Run the same command again to write them`
    super(file, problem, { cause })
    this.summary = summary
  }
}
