import { InputError } from '../errors.ts'
import { drawAmount, drawCardAmount } from './amounts-and-references.ts'
import { companiesByPool } from './fake-history.ts'
import type { Random } from './random.ts'
import type { Movement, SimulatedAccounts } from './simulated-accounts.ts'

/** The share of transfers with one of the first accounts, so that those who look at these see some transfers. */
const FIRST = 0.025

/** The share of the payments of a history between two persons. */
const PERSONAL = 0.1

/** Draws movements that can be posted now. */
export class FakeMovements {
  readonly #accounts: SimulatedAccounts
  readonly #random: Random
  /** The share of movements with a hot account on one side. */
  readonly #hot: number
  /** The accounts that are companies in a history. */
  readonly #companies: ReturnType<typeof companiesByPool>

  constructor(accounts: SimulatedAccounts, { random, hot }: { random: Random; hot: number }) {
    this.#accounts = accounts
    this.#random = random
    this.#hot = hot
    this.#companies = companiesByPool(accounts)
  }

  /** A payment of a person to a company, or to another person. */
  payment(): Movement {
    const random = this.#random
    for (let attempt = 0; attempt < 20; attempt++) {
      const from = random.pick(
        random.isLikely(FIRST) ? this.#accounts.first : this.#accounts.members,
      )
      const pool = this.#accounts.poolOf(from)
      const to = random.pick(
        random.isLikely(PERSONAL) ? pool.members : (this.#companies.get(pool) ?? pool.members),
      )
      const most = Math.ceil(this.#accounts.available(from) / 2)
      const movement = { from, to, minorUnits: Math.min(drawCardAmount(random, pool), most) }
      if (movement.minorUnits > 0 && this.#accounts.canMove(movement)) return movement
    }
    return this.any()
  }

  /** Draws a movement. If 20 draws find none, it moves one minor unit between any two. */
  any(): Movement {
    const random = this.#random
    const { hot, first, members, pools } = this.#accounts
    for (let attempt = 0; attempt < 20; attempt++) {
      const isHot = random.isLikely(this.#hot)
      const isFirst = random.isLikely(FIRST)
      const one = random.pick(isHot ? hot : isFirst ? first : members)
      const pool = this.#accounts.poolOf(one)
      const other = random.pick(pool.members)
      const [from, to] = isHot && random.isLikely(0.5) ? [other, one] : [one, other]
      // At most half of what the sender has, so that no account soon runs out of money.
      const most = Math.ceil(this.#accounts.available(from) / 2)
      const movement = { from, to, minorUnits: Math.min(drawAmount(random, pool), most) }
      if (movement.minorUnits > 0 && this.#accounts.canMove(movement)) return movement
    }
    for (const { currency, members: candidates } of pools) {
      const from = this.#accounts.findSender({ currency, minorUnits: 1 })
      const to = candidates.find((candidate) => candidate !== from)
      if (from === undefined || to === undefined) continue
      const movement = { from, to, minorUnits: 1 }
      if (this.#accounts.canMove(movement)) return movement
    }
    throw new InputError(
      'no transfer can be made: no open account has anything to send; give one an openingBalance or an overdraftLimit',
    )
  }
}
