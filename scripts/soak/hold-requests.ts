import { Random } from '../../src/internal.ts'
import type { AskedRecord } from './journal.ts'
import { SLOT, type SoakRequest, contentOf, drawRequest, drawSlot } from './requests.ts'

/** A hold of the soak. */
export interface SoakHold {
  readonly holdId: string
  readonly from: string
  readonly to: string
  readonly amount: string
  readonly currency: string
  readonly expiresAt: Date | undefined
}

/** What a capture of the soak takes. */
export interface SoakCapture {
  readonly holdId: string
  /** The last letters of the transfer's id. `capture`, which is Daybook's own, takes all that is left. */
  readonly part: string
  /** Absent if it takes all that is left. */
  readonly amount?: string
}

/** The parts by which a capture ends its hold. */
const LAST_PARTS = { final: 'final', rest: 'capture' } as const

/** The key of a hold that was placed, and of one that was released. No transfer has such a key. */
export const holdKey = (holdId: string): string => `hold ${holdId}`
export const releaseKey = (holdId: string): string => `release of ${holdId}`

/** What the record of a released hold says. */
export const RELEASED = 'released'

/** What a stored hold must say, as one text. */
export const holdContentOf = (hold: SoakHold): string =>
  `${contentOf(hold)} until ${hold.expiresAt?.toISOString() ?? 'it ends'}`

/** What the transfer of a capture must say, as one text. */
export const captureContentOf = (hold: SoakHold, { part, amount = '' }: SoakCapture): string =>
  part === LAST_PARTS.rest
    ? `the rest of ${hold.holdId}`
    : `${contentOf({ ...hold, amount })} of ${hold.holdId}`

export const captureId = ({ holdId, part }: SoakCapture): string => `${holdId}:${part}`

/** What ended a hold if the id of the capture says so. */
export function endBy(transferId: string): keyof typeof LAST_PARTS | undefined {
  const part = transferId.slice(transferId.lastIndexOf(':') + 1)
  return part === LAST_PARTS.final ? 'final' : part === LAST_PARTS.rest ? 'rest' : undefined
}

export const askedHold = (hold: SoakHold): AskedRecord => ({
  key: holdKey(hold.holdId),
  content: holdContentOf(hold),
})

export const askedCapture = (hold: SoakHold, capture: SoakCapture): AskedRecord => ({
  key: captureId(capture),
  content: captureContentOf(hold, capture),
})

export const rest = ({ holdId }: SoakHold): SoakCapture => ({ holdId, part: LAST_PARTS.rest })

/** A capture of this share of a hold, which leaves the rest to later ones or releases it. */
export const shareOf = (
  { holdId, amount }: SoakHold,
  share: number,
  part: string = LAST_PARTS.final,
): SoakCapture => ({ holdId, part, amount: Math.max(0.01, Number(amount) * share).toFixed(2) })

/** A hold of this transfer's money. */
export function holdFor(
  { from, to, amount, currency }: SoakRequest,
  { holdId, expiresAt }: Pick<SoakHold, 'holdId' | 'expiresAt'>,
): SoakHold {
  return { holdId, from, to, amount, currency, expiresAt }
}

/** How long after its slot a hold that processes share expires, in milliseconds. */
const SHARED_LIFE = 2_000

/** A hold that other processes place and end too, at the same time. Every second one expires. */
export function sharedHold(random: Random, seed: number): SoakHold {
  const slot = drawSlot(random)
  const holdId = `shared-hold-${slot}`
  const expiresAt = slot % 2 === 0 ? new Date(slot * SLOT + SHARED_LIFE) : undefined
  return holdFor(drawRequest(new Random(seed, slot, 1), holdId), { holdId, expiresAt })
}
