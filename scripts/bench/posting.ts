import { accountModel } from '../../src/index.ts'
import {
  type BenchOptions,
  type Contestant,
  type Workspace,
  ProofError,
  type Round,
} from './comparison.ts'
import { accountsOf, createAccounts, proveBooks, transfersOf } from './daybook-database.ts'
import { InMemoryLedger } from './in-memory-ledger.ts'
import { markOplog } from './oplog.ts'
import { type Payment, randomPayments } from './payments.ts'
import { storageBytes } from './storage.ts'

/** The number of transfers in a chunk. Daybook posts a chunk in one transaction. */
const CHUNK = 5_000

/** `Account.transferMany()`, one chunk after another. */
export const postingContestant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  contestant: Pick<Contestant, 'name' | 'transfers' | 'isFixed'> & ChunkOptions,
): Contestant =>
  chunkContestant(accounts, contestant, ({ connection }) => {
    const Account = accountModel(connection)
    return (payments) => {
      const requests = payments.map(({ transferId, from, to, amount }) => ({
        transferId,
        from,
        to,
        amount,
      }))
      return async () => {
        const results = await Account.transferMany(requests)
        const failed = results.find(({ status }) => status !== 'posted')
        if (failed)
          throw new ProofError(`transfer ${failed.transferId} is ${failed.status}, not posted`)
      }
    }
  })

/**
 * The least work that any posting has to do: an unordered bulk write of the same account updates and an insert
 * of the same transfers. Both are computed before the timed part. It has no transaction, and reads and checks
 * nothing.
 */
export const floorContestant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  contestant: Pick<Contestant, 'name' | 'transfers' | 'isFixed'>,
): Contestant =>
  chunkContestant(accounts, contestant, ({ connection }) => {
    const ledger = new InMemoryLedger()
    const writeConcern = { w: 'majority' as const }
    return (payments) => {
      const { updates, transfers } = ledger.post(payments)
      return async () => {
        await accountsOf(connection).bulkWrite(updates, { ordered: false, writeConcern })
        await transfersOf(connection).insertMany(transfers, { ordered: false, writeConcern })
      }
    }
  })

/** Prepares a chunk of payments and returns the function that writes it, which is timed. */
type PrepareChunk = (payments: readonly Payment[]) => () => Promise<void>

interface ChunkOptions {
  /** Whether the bytes of a transfer are measured after each round. */
  readonly measuresBytes?: boolean
}

const chunkContestant = (
  accounts: number,
  {
    measuresBytes,
    ...contestant
  }: Pick<Contestant, 'name' | 'transfers' | 'isFixed'> & ChunkOptions,
  chunkPreparation: (workspace: Workspace) => PrepareChunk,
): Contestant => ({
  ...contestant,
  warmUp: CHUNK,
  async prepare(workspace) {
    await createAccounts(workspace.connection, accounts)
    const prepareChunk = chunkPreparation(workspace)
    const nextPayment = randomPayments(accounts)
    let posted = 0
    return {
      async runRound(transfers) {
        const payments = Array.from({ length: transfers }, nextPayment)
        const chunks = chunksOf(payments).map(prepareChunk)
        const oplog = measuresBytes ? await markOplog(workspace) : undefined
        const round = { ...(await writeChunks(chunks, workspace.signal)), done: transfers }
        posted += transfers
        if (!oplog) return round
        const written = await oplog.bytesSince()
        return {
          ...round,
          bytes: { ...(await storageBytes(workspace)), oplog: written / transfers },
        }
      },
      prove: () => proveBooks(workspace.connection, posted),
    }
  },
})

const chunksOf = (payments: readonly Payment[]): Payment[][] =>
  Array.from({ length: Math.ceil(payments.length / CHUNK) }, (_, index) =>
    payments.slice(index * CHUNK, (index + 1) * CHUNK),
  )

async function writeChunks(
  chunks: readonly (() => Promise<void>)[],
  signal: AbortSignal,
): Promise<Omit<Round, 'done'>> {
  const latencies: number[] = []
  const start = performance.now()
  for (const writeChunk of chunks) {
    signal.throwIfAborted()
    const startedAt = performance.now()
    await writeChunk()
    latencies.push(performance.now() - startedAt)
  }
  return { seconds: (performance.now() - start) / 1000, latencies }
}
