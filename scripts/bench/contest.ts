import type { Connection } from 'mongoose'

/** What the flags ask for. */
export interface BenchOptions {
  readonly accounts: number
  readonly callers: number
  /** How many transfers a round has; where it is not given, each case has a number of its own. */
  readonly transfers?: number | undefined
  /** The most seconds that callers go on in one round: what is slow does fewer transfers. */
  readonly seconds: number
  readonly rounds: number
  /** How many lines the replayed files have. */
  readonly lines: number
  /** How many transfers the account of the case `history` has behind it. */
  readonly history: number
}

/** Where a contestant works. */
export interface Place {
  /** A database of its own, that is dropped afterwards. Its client tells of commands. */
  readonly connection: Connection
  /** The same database, for another process. */
  readonly uri: string
  /** For files; removed afterwards. */
  readonly folder: string
  /** Aborted when the bench is to end. */
  readonly signal: AbortSignal
}

/** What one round did. */
export interface Round {
  /** How many transfers, or accounts, were done. */
  readonly done: number
  readonly seconds: number
  /** Milliseconds of each call; none where calls are not seen one by one. */
  readonly latencies?: readonly number[]
  /** The most resident memory of the process that did it, in MiB. */
  readonly memory?: number
  /** The seconds of a second run, of what had nothing left to do. */
  readonly again?: number
}

/** One that is ready to be measured. */
export interface Contestant {
  /** Does about so many transfers, and times nothing but them. */
  round(transfers: number): Promise<Round>
  /** Throws unless the database holds what all rounds together must have left there. */
  prove(): Promise<void>
}

/** One that can be measured: how, and how much. */
export interface Entrant {
  readonly name: string
  /** How many transfers a round has where the flags do not say. */
  readonly transfers: number
  /** Whether {@link BenchOptions.transfers} does not change that. */
  readonly isFixed?: boolean
  readonly warmUp: number
  /** Whether it works on nothing but mongoose's default connection. */
  readonly needsDefaultConnection?: boolean
  /** Makes what it needs in its database; none of that is timed. */
  enter(place: Place): Promise<Contestant>
}

/** A round with the number of transactions that were begun in it, as the driver's monitoring tells. */
export interface MeasuredRound extends Round {
  readonly begun: number
}

/** The rounds of each entrant, by name. Rounds of equal index were run next to each other. */
export type Results = ReadonlyMap<string, readonly MeasuredRound[]>

/** Something that is to be reached, and what was. */
export interface Figure {
  readonly what: string
  readonly value: number
  readonly atLeast?: number
  readonly atMost?: number
}

/** Entrants that are measured side by side, and what is to come out of it. */
export interface Contest {
  readonly entrants: readonly Entrant[]
  /** Where a round takes long: no more than so many. */
  readonly mostRounds?: number
  readonly figures: (results: Results) => Figure[]
}

/** A result is not what it must be: then no rate means anything. */
export class ProofError extends Error {
  override readonly name = 'ProofError'
}
