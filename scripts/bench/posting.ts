import { accountModel } from '../../src/index.ts'
import { accountsOf, openBooks, proveBooks, transfersOf } from './books.ts'
import { type BenchOptions, type Entrant, type Place, ProofError, type Round } from './contest.ts'
import { PaperLedger } from './paper-ledger.ts'
import { type Payment, randomPayments } from './payments.ts'

/** How many transfers a chunk has, in one transaction where there are transactions. */
const CHUNK = 5_000

/** `Account.transferMany()`, a chunk at a time. */
export const postingEntrant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  entrant: Pick<Entrant, 'name' | 'transfers'>,
): Entrant =>
  chunkEntrant(accounts, entrant, ({ connection }) => {
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
        const other = results.find(({ status }) => status !== 'posted')
        if (other) throw new ProofError(`transfer ${other.transferId} is ${other.status}`)
      }
    }
  })

/**
 * What a posting can at best come near to: an unordered bulk write of the same updates of accounts and an
 * insert of the very same transfers, made beforehand, with no transaction and nothing read or checked.
 */
export const floorEntrant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  entrant: Pick<Entrant, 'name' | 'transfers' | 'isFixed'>,
): Entrant =>
  chunkEntrant(accounts, entrant, ({ connection }) => {
    const ledger = new PaperLedger()
    const writeConcern = { w: 'majority' as const }
    return (payments) => {
      const { updates, transfers } = ledger.post(payments)
      return async () => {
        await accountsOf(connection).bulkWrite(updates, { ordered: false, writeConcern })
        await transfersOf(connection).insertMany(transfers, { ordered: false, writeConcern })
      }
    }
  })

/** Prepares a chunk; what it gives posts it, and is timed. */
type Prepare = (payments: readonly Payment[]) => () => Promise<void>

const chunkEntrant = (
  accounts: number,
  entrant: Pick<Entrant, 'name' | 'transfers' | 'isFixed'>,
  preparation: (place: Place) => Prepare,
): Entrant => ({
  ...entrant,
  warmUp: CHUNK,
  async enter(place) {
    await openBooks(place.connection, accounts)
    const prepare = preparation(place)
    const nextPayment = randomPayments(accounts)
    let posted = 0
    return {
      async round(transfers) {
        const payments = Array.from({ length: transfers }, nextPayment)
        const chunks = chunksOf(payments).map(prepare)
        const round = await inChunks(chunks, place.signal)
        posted += transfers
        return { ...round, done: transfers }
      },
      prove: () => proveBooks(place.connection, posted),
    }
  },
})

const chunksOf = (payments: readonly Payment[]): Payment[][] =>
  Array.from({ length: Math.ceil(payments.length / CHUNK) }, (_, index) =>
    payments.slice(index * CHUNK, (index + 1) * CHUNK),
  )

async function inChunks(
  chunks: readonly (() => Promise<void>)[],
  signal: AbortSignal,
): Promise<Omit<Round, 'done'>> {
  const latencies: number[] = []
  const start = performance.now()
  for (const post of chunks) {
    signal.throwIfAborted()
    const begun = performance.now()
    await post()
    latencies.push(performance.now() - begun)
  }
  return { seconds: (performance.now() - start) / 1000, latencies }
}
