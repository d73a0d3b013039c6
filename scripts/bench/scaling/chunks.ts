import type { Comparison, Contestant, Results } from '../comparison.ts'
import { type NextPayment, paymentsIntoOne, randomPayments } from '../payments.ts'
import { postingContestant } from '../posting.ts'
import { median, roundsOf } from '../statistics.ts'

/** Chunks of one size, between a number of accounts. */
interface ChunkKind {
  readonly accounts: number
  /** Whether all payments go into one account. */
  readonly isHot: boolean
  /** The number of transfers in a chunk. */
  readonly chunk: number
}

/** What a kind of chunk took. */
export interface ChunkPoint extends ChunkKind {
  /** How many accounts a chunk moves. */
  readonly moved: number
  readonly milliseconds: number
  /** The bytes that a transfer takes in the server's oplog. */
  readonly oplog: number
}

const CHUNK_KINDS: readonly ChunkKind[] = [
  { accounts: 10, isHot: false },
  { accounts: 1_000, isHot: false },
  { accounts: 1_000, isHot: true },
  { accounts: 100_000, isHot: false },
].flatMap((between) => [1, 10, 100, 1_000, 10_000].map((chunk) => ({ ...between, chunk })))

const nameOf = ({ accounts, isHot, chunk }: ChunkKind): string =>
  `chunks of ${chunk}, ${accounts} accounts${isHot ? ', into one' : ''}`

const paymentsOf = ({ isHot }: ChunkKind) => (isHot ? paymentsIntoOne : randomPayments)

/** `Account.transferMany()` with chunks of several sizes, over few and many accounts, and into one. */
export const chunkComparison: Comparison = {
  contestants: CHUNK_KINDS.map((kind): Contestant =>
    postingContestant(kind, {
      name: nameOf(kind),
      transfers: Math.min(10_000, 50 * kind.chunk),
      chunk: kind.chunk,
      payments: paymentsOf(kind),
      measuresBytes: true,
    }),
  ),
  figures: () => [],
}

export const chunkPointsOf = (results: Results): ChunkPoint[] =>
  CHUNK_KINDS.map((kind) => {
    const rounds = roundsOf(results, nameOf(kind))
    return {
      ...kind,
      moved: accountsIn(paymentsOf(kind)(kind.accounts), kind.chunk),
      milliseconds: median(rounds.flatMap(({ latencies = [] }) => latencies)),
      oplog: median(rounds.map(({ bytes }) => bytes?.oplog ?? Number.NaN)),
    }
  })

/** How many accounts the first payments move. */
function accountsIn(nextPayment: NextPayment, payments: number): number {
  const accounts = new Set<string>()
  for (let index = 0; index < payments; index += 1) {
    const { from, to } = nextPayment()
    accounts.add(from).add(to)
  }
  return accounts.size
}
