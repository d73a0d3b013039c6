import { Random } from '../../src/internal.ts'
import { CURRENCIES, accountsIn, ownAccount } from './accounts.ts'
import type { AskedRecord } from './journal.ts'

/** A transfer of the soak: its reference is the key by which the audit finds it. */
export interface SoakRequest {
  readonly transferId?: string
  readonly from: string
  readonly to: string
  readonly amount: string
  readonly currency: string
  readonly reference: string
}

/** The legs of a group of the soak, and its id. */
export interface SoakGroup {
  readonly groupId: string
  readonly legs: readonly SoakRequest[]
}

/** What a stored transfer must say, as one text. */
export const contentOf = ({
  from,
  to,
  amount,
  currency,
}: Pick<SoakRequest, 'from' | 'to' | 'amount' | 'currency'>): string =>
  `${amount} ${currency} from ${from} to ${to}`

/** What a stored reversal must say. */
export const reversalContent = (transferId: string): string => `reverses ${transferId}`

export const asked = (request: SoakRequest): AskedRecord => ({
  key: request.reference,
  content: contentOf(request),
})

/** Draws a transfer. Half of them touch a hot account. `worker` is the one whose own account may take part. */
export function drawRequest(random: Random, key: string, worker?: string): SoakRequest {
  const currency = random.pick(CURRENCIES)
  const accounts = accountsIn(currency)
  const isHot = random.isLikely(0.5)
  const first = isHot
    ? random.whole({ least: 0, most: 1 })
    : random.whole({ least: 2, most: accounts.length - 1 })
  const other = accounts.filter((_, index) => index !== first)
  const pair = [
    accounts[first] ?? '',
    worker !== undefined && random.isLikely(0.15)
      ? ownAccount(currency, worker)
      : random.pick(other),
  ]
  const [from = '', to = ''] = random.isLikely(0.5) ? pair : pair.toReversed()
  const cents = random.whole({ least: 1, most: random.isLikely(0.9) ? 2_000 : 50_000 })
  const amount = (cents / 100).toFixed(2)
  return { transferId: key, from, to, amount, currency, reference: key }
}

/** How long one shared name lasts, in milliseconds. */
export const SLOT = 200

/** The number of a slot from the last second. */
export const drawSlot = (random: Random): number =>
  Math.floor(Date.now() / SLOT) - random.whole({ least: 0, most: 4 })

/** A request that other processes make too, at the same time or a little earlier or later. */
export function sharedRequest(random: Random, seed: number): SoakRequest {
  const slot = drawSlot(random)
  return drawRequest(new Random(seed, slot), `shared-${slot}`)
}

/** A group that other processes post too, in one of two variants: only one of them may be posted. */
export function sharedGroup(random: Random, seed: number): SoakGroup {
  const slot = drawSlot(random)
  const variant = random.isLikely(0.8) ? 1 : 2
  const lines = drawLines(new Random(seed, slot + variant), `shared-group-${slot}.${variant}`, 3)
  return { groupId: `shared-group-${slot}`, legs: lines.slice(0, 1 + variant) }
}

/** The key of the reversal of a leg: those of a group have one reference. */
export const legReversalKey = (reference: string, leg: number): string => `${reference} leg ${leg}`

export const drawLines = (random: Random, name: string, lines: number): SoakRequest[] =>
  Array.from({ length: lines }, (_, index) => drawRequest(random, `${name}-${index + 1}`))
