import type { Connection } from 'mongoose'

export interface BenchOptions {
  readonly accounts: number
  readonly callers: number
  /** The number of transfers in a round; by default each contestant has its own number. */
  readonly transfers?: number | undefined
  /** The most seconds that callers take in one round. A slow contestant makes fewer transfers. */
  readonly seconds: number
  readonly rounds: number
  readonly lines: number
  /** The number of earlier transfers of the account in the case `history`. */
  readonly history: number
}

export interface Workspace {
  /** The contestant's own database, dropped afterwards. Its client monitors commands. */
  readonly connection: Connection
  /** The connection string of the same database, for another process. */
  readonly uri: string
  /** A folder for files, removed afterwards. */
  readonly folder: string
  /** Aborted when the bench is interrupted. */
  readonly signal: AbortSignal
}

/** The bytes of one document, on average over its collection. */
export interface DocumentBytes {
  readonly document: number
  /** What a document takes on disk, compressed. */
  readonly storedDocument: number
  /** What its entry takes in each index on disk, by the index's name. */
  readonly storedIndexes: Readonly<Record<string, number>>
}

export interface Round {
  /** The number of transfers, or accounts, that were completed. */
  readonly done: number
  readonly seconds: number
  /** Milliseconds of each call; absent if single calls are not visible. */
  readonly latencies?: readonly number[]
  /** The processor time of the processes that did the work, in seconds. */
  readonly processorSeconds?: number
  /** The peak resident memory of the process that did the work, in MiB. */
  readonly memory?: number
  /** The seconds of a second run, which found nothing left to do. */
  readonly secondRunSeconds?: number
  /** What a transfer and an account take. */
  readonly bytes?: {
    readonly transfer: DocumentBytes
    readonly account: DocumentBytes
    /** What a transfer takes in the server's oplog; NaN if that was not kept long enough. */
    readonly oplog: number
  }
}

interface PreparedContestant {
  /** Makes about this many transfers, or accounts, and times nothing else. */
  runRound(transfers: number): Promise<Round>
  /** Throws unless the database holds exactly what all rounds together must have left in it. */
  prove(): Promise<void>
}

/** Something that is measured: how it works, and how much it does in a round. */
export interface Contestant {
  readonly name: string
  /** The default number of transfers in a round. */
  readonly transfers: number
  /** Whether {@link BenchOptions.transfers} does not apply to it. */
  readonly isFixed?: boolean
  /** The number of transfers in the warm-up, before the first measured round. */
  readonly warmUp: number
  /** Whether it works only on mongoose's default connection. */
  readonly needsDefaultConnection?: boolean
  /** Creates what it needs in its database. This is not timed. */
  prepare(workspace: Workspace): Promise<PreparedContestant>
}

/** A round with the numbers of commands that were sent and of transactions that were started in it, counted by command monitoring. */
export interface MeasuredRound extends Round {
  readonly commands: number
  readonly transactions: number
}

/** The rounds of each contestant, by name. Rounds with the same index ran right after each other. */
export type Results = ReadonlyMap<string, readonly MeasuredRound[]>

/** A measured value and its target, if it has one. */
export interface Figure {
  readonly what: string
  readonly value: number
  readonly atLeast?: number
  readonly atMost?: number
}

/** Contestants that are measured side by side, and the figures that follow from their rounds. */
export interface Comparison {
  readonly contestants: readonly Contestant[]
  /** The most rounds, for contestants that take long. */
  readonly mostRounds?: number
  readonly figures: (results: Results) => Figure[]
}

/** A contestant left a wrong result, so its rate means nothing. */
export class ProofError extends Error {
  override readonly name = 'ProofError'
}
