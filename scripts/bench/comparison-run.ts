import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mongoose, { type Connection } from 'mongoose'
import type {
  BenchOptions,
  Comparison,
  Contestant,
  MeasuredRound,
  Results,
  Workspace,
} from './comparison.ts'

export interface RunOptions extends Pick<BenchOptions, 'transfers' | 'rounds'> {
  readonly uri: string
  readonly signal: AbortSignal
  readonly log: (text: string) => void
}

/** A contestant in a running comparison, with the rounds that it has completed. */
interface Participant {
  readonly contestant: Contestant
  readonly rounds: MeasuredRound[]
  readonly measureRound: (transfers: number) => Promise<MeasuredRound>
  readonly prove: () => Promise<void>
}

/**
 * Runs the rounds of all contestants in turn, with the order reversed in every second round. Each contestant
 * has its own database on the same server. At the end each one proves its result.
 * @throws ProofError if a result is wrong; the signal's reason once it is aborted
 */
export async function runComparison(
  { contestants, mostRounds }: Comparison,
  options: RunOptions,
): Promise<Results> {
  const { signal, log } = options
  const cleanups: (() => Promise<void>)[] = []
  try {
    const participants: Participant[] = []
    for (const contestant of contestants) {
      signal.throwIfAborted()
      log(`${contestant.name}: preparing`)
      participants.push(await prepare(contestant, options, cleanups))
    }
    for (const { contestant, measureRound } of participants) {
      await measureRound(Math.min(contestant.warmUp, transfersOf(contestant, options)))
    }
    const names = contestants.map(({ name }) => name).join(', ')
    const rounds = Math.min(options.rounds, mostRounds ?? options.rounds)
    for (let index = 0; index < rounds; index += 1) {
      log(`${names}: round ${index + 1} of ${rounds}`)
      for (const participant of index % 2 ? participants.toReversed() : participants) {
        signal.throwIfAborted()
        const transfers = transfersOf(participant.contestant, options)
        participant.rounds.push(await participant.measureRound(transfers))
      }
    }
    signal.throwIfAborted()
    for (const { prove } of participants) await prove()
    return new Map(participants.map((each) => [each.contestant.name, each.rounds]))
  } finally {
    for (const cleanUp of cleanups.toReversed()) await cleanUp()
  }
}

const transfersOf = ({ isFixed, transfers }: Contestant, options: RunOptions): number =>
  isFixed ? transfers : (options.transfers ?? transfers)

async function prepare(
  contestant: Contestant,
  { uri, signal }: RunOptions,
  cleanups: (() => Promise<void>)[],
): Promise<Participant> {
  const dbName = `bench-${randomUUID().slice(0, 8)}`
  const connection = contestant.needsDefaultConnection
    ? mongoose.connection
    : mongoose.createConnection()
  await connection.openUri(uri, {
    dbName,
    autoCreate: false,
    autoIndex: false,
    monitorCommands: true,
  })
  cleanups.push(async () => {
    await connection.dropDatabase()
    await connection.close()
  })
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const counts = countCommands(connection)
  const workspace: Workspace = { connection, uri: uriOfDatabase(uri, dbName), folder, signal }
  const prepared = await contestant.prepare(workspace)
  return {
    contestant,
    rounds: [],
    async measureRound(transfers) {
      const before = { ...counts }
      const round = await prepared.runRound(transfers)
      return {
        ...round,
        commands: counts.commands - before.commands,
        transactions: counts.transactions - before.transactions,
      }
    },
    prove: () => prepared.prove(),
  }
}

/** Counts the commands that a connection sends from now on, and the transactions that it starts. */
function countCommands(connection: Connection): Pick<MeasuredRound, 'commands' | 'transactions'> {
  const counts = { commands: 0, transactions: 0 }
  connection.getClient().on('commandStarted', ({ command }) => {
    counts.commands += 1
    if (command['startTransaction'] === true) counts.transactions += 1
  })
  return counts
}

/** The connection string of another database on the same server. */
const uriOfDatabase = (uri: string, name: string): string =>
  uri.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/${name}`)
