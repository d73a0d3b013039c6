import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Connection } from 'mongoose'
import { compileCommandLine } from '../command-run.ts'
import type { Comparison, Contestant, Results } from '../comparison.ts'
import { createAccounts, proveBooks } from '../daybook-database.ts'
import { type NextPayment, accountIdAt, randomPayments } from '../payments.ts'
import { csv, replayCommand } from '../replay.ts'
import { median, rateOf, roundsOf } from '../statistics.ts'

/** Processes that replay files of their own at the same time. */
interface ReplayerKind {
  readonly processes: number
  /** Whether the files move money of the same accounts. */
  readonly isShared: boolean
}

export interface ReplayerPoint extends ReplayerKind {
  /** Transfers per second of all processes together. */
  readonly rate: number
  /** Transactions that the server aborted, for a hundred that it committed. */
  readonly aborted: number
}

const REPLAYER_KINDS: readonly ReplayerKind[] = [
  { processes: 1, isShared: false },
  { processes: 2, isShared: false },
  { processes: 3, isShared: false },
  { processes: 2, isShared: true },
  { processes: 3, isShared: true },
]

/** The accounts in each file. */
const ACCOUNTS = 1_000

const nameOf = ({ processes, isShared }: ReplayerKind): string =>
  `${processes} ${processes === 1 ? 'replayer' : `replayers, ${isShared ? 'shared' : 'separate'} accounts`}`

export const replayersComparison = (lines: number): Comparison => ({
  contestants: REPLAYER_KINDS.map((kind) => replayersContestant(kind, lines)),
  figures: () => [],
})

export const replayerPointsOf = (results: Results): ReplayerPoint[] =>
  REPLAYER_KINDS.map((kind) => {
    const rounds = roundsOf(results, nameOf(kind))
    return {
      ...kind,
      rate: median(rounds.map(rateOf)),
      aborted: median(rounds.map(({ aborted = Number.NaN }) => aborted)),
    }
  })

const replayersContestant = (kind: ReplayerKind, lines: number): Contestant => ({
  name: nameOf(kind),
  transfers: lines,
  warmUp: 100,
  async prepare(workspace) {
    const { connection, folder } = workspace
    await createAccounts(connection, kind.isShared ? ACCOUNTS : kind.processes * ACCOUNTS)
    const nextPayment = randomPayments(ACCOUNTS)
    const cli = await compileCommandLine(folder)
    let files = 0
    let posted = 0
    return {
      async runRound(count) {
        const batch: string[] = []
        for (let process = 0; process < kind.processes; process += 1) {
          files += 1
          const file = join(folder, `batch-${files}.csv`)
          const next = kind.isShared ? nextPayment : ofOtherAccounts(nextPayment, process)
          await pipeline(Readable.from(csv(next, count)), createWriteStream(file))
          batch.push(file)
        }
        const before = await transactionsOf(connection)
        const start = performance.now()
        await Promise.all(
          batch.map((file) => replayCommand([cli, 'replay', file], count, workspace)),
        )
        const seconds = (performance.now() - start) / 1000
        const after = await transactionsOf(connection)
        for (const file of batch) await rm(file)
        const done = count * kind.processes
        posted += done
        const aborted =
          (100 * (after.aborted - before.aborted)) / (after.committed - before.committed)
        return { done, seconds, aborted }
      },
      prove: () => proveBooks(connection, posted),
    }
  },
})

/** The same payments between the accounts of one process. */
const ofOtherAccounts =
  (nextPayment: NextPayment, process: number): NextPayment =>
  () => {
    const payment = nextPayment()
    const [from, to] = [payment.from, payment.to].map((accountId) =>
      accountIdAt(Number(accountId.slice(3)) + process * ACCOUNTS),
    ) as [string, string]
    return { ...payment, from, to }
  }

async function transactionsOf(
  connection: Connection,
): Promise<{ aborted: number; committed: number }> {
  const { transactions } = await connection.getClient().db('admin').command({ serverStatus: 1 })
  return { aborted: transactions.totalAborted, committed: transactions.totalCommitted }
}
