import type { LineFields, TransferFields } from './fake-refusals.ts'
import { formatMinorUnits } from './minor-units.ts'
import type { Random } from './random.ts'
import type { Movement, SimulatedAccounts } from './simulated-accounts.ts'

/** A hold that later lines can capture or release. */
interface OpenHold extends Movement {
  readonly holdId: string
  readonly currency: string
  readonly scale: number
  /** What is left of it, in minor units. */
  minorUnits: number
}

/** The most holds that are open for later lines. Those that are placed when there are so many are never ended. */
const MOST_OPEN = 1_000

/** The share of lines about holds that place one, if there is one to end. */
const PLACED = 0.45

/** What becomes of an open hold: a part is captured, or a part as the last one, or all, or nothing. */
const FATES = ['part', 'last part', 'all', 'all', 'release'] as const

/** Places, captures and releases holds, and follows what each account has available. */
export class FakeHolds {
  readonly #accounts: SimulatedAccounts
  readonly #random: Random
  readonly #share: number
  readonly #open: OpenHold[] = []

  constructor(accounts: SimulatedAccounts, { random, share }: { random: Random; share: number }) {
    this.#accounts = accounts
    this.#random = random
    this.#share = share
  }

  /** Whether the next line is about a hold. Without a share nothing is drawn. */
  isNext(): boolean {
    return this.#share > 0 && this.#random.isLikely(this.#share)
  }

  /** Whether the line places a hold, for which a transfer that could be posted is needed. */
  isPlacing(): boolean {
    return this.#open.length === 0 || this.#random.isLikely(PLACED)
  }

  /** Reserves what a transfer would move. */
  place(
    movement: Movement,
    { transferId, from, to, amount, currency, reference }: TransferFields,
  ): LineFields {
    this.#accounts.reserve(movement)
    const holdId = transferId.replace(/^TR/, 'HD')
    if (this.#open.length < MOST_OPEN) {
      const { scale } = this.#accounts.poolOf(movement.from)
      this.#open.push({ ...movement, holdId, currency, scale })
    }
    return { action: 'hold', transferId: '', holdId, from, to, amount, currency, reference }
  }

  /** Captures or releases an open hold. `effectiveAt` is the date of a capture. */
  end(transferId: string, effectiveAt: string | undefined): LineFields {
    const index = Math.floor(this.#random.next() * this.#open.length)
    const hold = this.#open[index] as OpenHold
    const { holdId, currency, scale } = hold
    const fate = this.#random.pick(FATES)
    const line = { transferId, holdId, from: '', to: '', currency, reference: '' }
    if (fate === 'release' || !this.#accounts.canReceive(hold)) {
      this.#remove(index)
      this.#accounts.giveBack(hold)
      return { ...line, action: 'release', transferId: '', amount: '', currency: '' }
    }
    const capture = { ...line, action: 'capture', ...(effectiveAt && { effectiveAt }) } as const
    const part = Math.floor(hold.minorUnits / 2)
    if (fate === 'all' || part === 0) {
      this.#remove(index)
      this.#accounts.receive(hold)
      return { ...capture, amount: '' }
    }
    this.#accounts.receive({ ...hold, minorUnits: part })
    hold.minorUnits -= part
    const captured = { ...capture, amount: formatMinorUnits(part, scale) }
    if (fate === 'part') return captured
    this.#remove(index)
    this.#accounts.giveBack(hold)
    return { ...captured, final: 'true' }
  }

  #remove(index: number): void {
    const last = this.#open.pop() as OpenHold
    if (index < this.#open.length) this.#open[index] = last
  }
}
