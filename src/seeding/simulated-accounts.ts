import type { AccountRecord } from '../ledger/records.ts'
import { scaleOf } from '../money/currency.ts'
import { LIMIT, toDecimal } from '../money/money.ts'
import { parseMinorUnits } from './minor-units.ts'

/** The accounts of one currency that can send and receive. */
export interface CurrencyPool {
  readonly currency: string
  readonly scale: number
  /** Their indexes in {@link SimulatedAccounts}. */
  readonly members: readonly number[]
}

/** Money that moves between two accounts, which are given by their indexes. */
export interface Movement {
  readonly from: number
  readonly to: number
  readonly minorUnits: number
}

/** An account that is frozen or closed. */
export interface InactiveAccount {
  readonly accountId: string
  readonly currency: string
}

/** An account whose balance is so near its upper bound that it cannot receive this amount. */
export interface FullAccount {
  readonly accountId: string
  readonly currency: string
  readonly minorUnits: number
}

/** The number of accounts in {@link SimulatedAccounts.first}. */
const FIRST = 20

/** The most hot accounts in a currency. */
const MOST_HOT = 3

/** The most minor units that an account may have available, so that every sum of them is exact. */
const MOST_AVAILABLE = 2 ** 52

/**
 * The accounts that a batch is made for, in memory. It follows what each can still send while transfers are
 * made. An account takes a few dozen bytes and is known by its index.
 */
export class SimulatedAccounts {
  readonly inactive: InactiveAccount[] = []
  readonly full: FullAccount[] = []
  /** Only the pools with two members or more, because money moves within a pool. */
  pools: readonly CurrencyPool[] = []
  members: readonly number[] = []
  /** The members that were seeded first. */
  first: readonly number[] = []
  /** The few richest members of each pool. */
  hot: readonly number[] = []
  readonly #ids: string[] = []
  readonly #available: number[] = []
  readonly #poolOf: CurrencyPool[] = []

  static async of(accounts: AsyncIterable<readonly AccountRecord[]>): Promise<SimulatedAccounts> {
    const simulated = new SimulatedAccounts()
    const pools = new Map<string, CurrencyPool & { members: number[] }>()
    for await (const batch of accounts) {
      for (const account of batch) simulated.#add(account, pools)
    }
    simulated.pools = [...pools.values()].filter(({ members }) => members.length > 1)
    simulated.members = simulated.pools.flatMap(({ members }) => members)
    simulated.first = simulated.members.toSorted((one, other) => one - other).slice(0, FIRST)
    simulated.hot = simulated.pools.flatMap(({ members }) => simulated.#richest(members))
    return simulated
  }

  #add(account: AccountRecord, pools: Map<string, CurrencyPool & { members: number[] }>): void {
    const { _id: accountId, currency, status } = account
    if (status !== 'open') {
      this.inactive.push({ accountId, currency })
      return
    }
    const scale = scaleOf(currency)
    const balance = parseMinorUnits(account.balance.toString())
    const overdraft = parseMinorUnits(account.overdraftLimit.toString())
    const isExact = balance !== undefined && overdraft !== undefined
    if (!isExact || balance + overdraft > MOST_AVAILABLE / 2) {
      const refused = LIMIT.minus(toDecimal(account.balance)).times(10 ** scale)
      if (refused.lt(MOST_AVAILABLE)) {
        this.full.push({ accountId, currency, minorUnits: refused.toNumber() })
      }
      return
    }
    let pool = pools.get(currency)
    if (!pool) {
      pool = { currency, scale, members: [] }
      pools.set(currency, pool)
    }
    pool.members.push(this.#ids.length)
    this.#ids.push(accountId)
    this.#available.push(balance + overdraft)
    this.#poolOf.push(pool)
  }

  #richest(members: readonly number[]): number[] {
    const most = Math.min(MOST_HOT, Math.ceil(members.length / 10))
    let richest: number[] = []
    for (const member of members) {
      const poorest = richest.at(-1)
      if (richest.length === most && poorest !== undefined) {
        if (this.available(member) <= this.available(poorest)) continue
      }
      richest = [...richest, member]
        .toSorted((one, other) => this.available(other) - this.available(one))
        .slice(0, most)
    }
    return richest
  }

  idOf(index: number): string {
    return this.#ids[index] as string
  }

  /** The index of an account; undefined if it cannot send and receive. */
  find(accountId: string): number | undefined {
    const index = this.#ids.indexOf(accountId)
    return index < 0 ? undefined : index
  }

  poolOf(index: number): CurrencyPool {
    return this.#poolOf[index] as CurrencyPool
  }

  /** The balance plus the unused overdraft, in minor units. */
  available(index: number): number {
    return this.#available[index] as number
  }

  canMove({ from, to, minorUnits }: Movement): boolean {
    return (
      from !== to &&
      this.#poolOf[from] === this.#poolOf[to] &&
      this.available(from) >= minorUnits &&
      this.available(to) + minorUnits <= MOST_AVAILABLE
    )
  }

  move({ from, to, minorUnits }: Movement): void {
    this.#available[from] = this.available(from) - minorUnits
    this.#available[to] = this.available(to) + minorUnits
  }

  /** The first account that can send this much in a currency, even if it is the only one in that currency. */
  findSender({
    currency,
    minorUnits,
  }: {
    currency: string
    minorUnits: number
  }): number | undefined {
    const index = this.#available.findIndex(
      (available, each) => available >= minorUnits && this.#poolOf[each]?.currency === currency,
    )
    return index < 0 ? undefined : index
  }
}
