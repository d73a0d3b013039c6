import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mongoose, { type Connection } from 'mongoose'
import type {
  BenchOptions,
  Contest,
  Contestant,
  Entrant,
  MeasuredRound,
  Place,
  Results,
} from './contest.ts'

/** What a contest is run with. */
export interface RunOptions extends Pick<BenchOptions, 'transfers' | 'rounds'> {
  readonly uri: string
  readonly signal: AbortSignal
  readonly log: (text: string) => void
}

interface Seat {
  readonly entrant: Entrant
  readonly contestant: Contestant
  readonly rounds: MeasuredRound[]
  readonly round: (transfers: number) => Promise<MeasuredRound>
}

/**
 * Runs the rounds of all entrants in turn, in alternating order, each in a database of its own on one
 * server; then lets each prove its result.
 * @throws ProofError where a result is wrong; the signal's reason once it is aborted
 */
export async function runContest(
  { entrants, mostRounds }: Contest,
  options: RunOptions,
): Promise<Results> {
  const { signal, log } = options
  const cleanings: (() => Promise<void>)[] = []
  try {
    const seats: Seat[] = []
    for (const entrant of entrants) {
      signal.throwIfAborted()
      log(`${entrant.name}: preparing`)
      seats.push(await seat(entrant, options, cleanings))
    }
    for (const { entrant, round } of seats) {
      await round(Math.min(entrant.warmUp, sizeOf(entrant, options)))
    }
    const rounds = Math.min(options.rounds, mostRounds ?? options.rounds)
    for (let index = 0; index < rounds; index += 1) {
      log(`${entrants.map(({ name }) => name).join(', ')}: round ${index + 1} of ${rounds}`)
      for (const { entrant, round, rounds: done } of index % 2 ? seats.toReversed() : seats) {
        signal.throwIfAborted()
        done.push(await round(sizeOf(entrant, options)))
      }
    }
    signal.throwIfAborted()
    for (const { contestant } of seats) await contestant.prove()
    return new Map(seats.map(({ entrant, rounds: done }) => [entrant.name, done]))
  } finally {
    for (const clean of cleanings.toReversed()) await clean()
  }
}

/** How many transfers a round of an entrant has. */
const sizeOf = ({ isFixed, transfers }: Entrant, options: RunOptions): number =>
  isFixed ? transfers : (options.transfers ?? transfers)

async function seat(
  entrant: Entrant,
  { uri, signal }: RunOptions,
  cleanings: (() => Promise<void>)[],
): Promise<Seat> {
  const dbName = `bench-${randomUUID().slice(0, 8)}`
  const connection = entrant.needsDefaultConnection
    ? mongoose.connection
    : mongoose.createConnection()
  await connection.openUri(uri, {
    dbName,
    autoCreate: false,
    autoIndex: false,
    monitorCommands: true,
  })
  cleanings.push(async () => {
    await connection.dropDatabase()
    await connection.close()
  })
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-'))
  cleanings.push(() => rm(folder, { recursive: true, force: true }))
  const begun = countTransactions(connection)
  const place: Place = { connection, uri: withDatabase(uri, dbName), folder, signal }
  const contestant = await entrant.enter(place)
  return {
    entrant,
    contestant,
    rounds: [],
    async round(transfers) {
      const before = begun()
      const round = await contestant.round(transfers)
      return { ...round, begun: begun() - before }
    },
  }
}

/** Counts the transactions that a connection begins, from now on. */
function countTransactions(connection: Connection): () => number {
  let count = 0
  connection.getClient().on('commandStarted', ({ command }) => {
    if (command['startTransaction'] === true) count += 1
  })
  return () => count
}

/** A connection string with another database in it. */
const withDatabase = (uri: string, name: string): string =>
  uri.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/${name}`)
