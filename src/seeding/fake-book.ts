import type { AccountRecord } from '../ledger/records.ts'
import { scaleOf } from '../money/currency.ts'
import { LIMIT, toDecimal } from '../money/money.ts'
import { minorOfText } from './minor-units.ts'

/** The accounts of one currency that can send and receive, each by its number in the book. */
export interface Pool {
  readonly currency: string
  readonly scale: number
  readonly members: readonly number[]
}

/** A movement, in the smallest unit of the accounts' currency. */
export interface Movement {
  readonly from: number
  readonly to: number
  readonly minor: number
}

/** An account that is never moved. */
export interface Outsider {
  readonly accountId: string
  readonly currency: string
}

/** An account so near the bound of a balance that it cannot be paid as much as this. */
export interface Brim extends Outsider {
  readonly minor: number
}

/** How many accounts are the first. */
const FIRST = 20

/** How many accounts of a currency are hot. */
const HOT = 3

/** The most that an account may have to send, so that every sum of smallest units is exact. */
const MOST = 2 ** 52

/**
 * What the accounts of a batch have to send as it goes on, in memory: a few dozen bytes an account, each
 * known by its number here.
 */
export class FakeBook {
  /** Accounts that are frozen or closed. */
  readonly shut: Outsider[] = []
  readonly brims: Brim[] = []
  /** Only those with two members or more: money moves in them. */
  pools: readonly Pool[] = []
  /** The members of these pools. */
  members: readonly number[] = []
  /** Those of them that were seeded first. */
  first: readonly number[] = []
  /** The few richest of each. */
  hot: readonly number[] = []
  readonly #ids: string[] = []
  readonly #available: number[] = []
  readonly #poolOf: Pool[] = []

  static async of(accounts: AsyncIterable<readonly AccountRecord[]>): Promise<FakeBook> {
    const book = new FakeBook()
    const pools = new Map<string, Pool & { members: number[] }>()
    for await (const batch of accounts) {
      for (const account of batch) book.#add(account, pools)
    }
    book.pools = [...pools.values()].filter(({ members }) => members.length > 1)
    book.members = book.pools.flatMap(({ members }) => members)
    book.first = book.members.toSorted((one, other) => one - other).slice(0, FIRST)
    book.hot = book.pools.flatMap(({ members }) => book.#richest(members))
    return book
  }

  #add(account: AccountRecord, pools: Map<string, Pool & { members: number[] }>): void {
    const { _id: accountId, currency, status } = account
    if (status !== 'open') {
      this.shut.push({ accountId, currency })
      return
    }
    const scale = scaleOf(currency)
    const balance = minorOfText(account.balance.toString())
    const overdraft = minorOfText(account.overdraftLimit.toString())
    if (balance === undefined || overdraft === undefined || balance + overdraft > MOST / 2) {
      const room = LIMIT.minus(toDecimal(account.balance)).times(10 ** scale)
      if (room.lt(MOST)) this.brims.push({ accountId, currency, minor: room.toNumber() })
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
    const most = Math.min(HOT, Math.ceil(members.length / 10))
    let richest: number[] = []
    for (const one of members) {
      const poorest = richest.at(-1)
      if (richest.length === most && poorest !== undefined) {
        if (this.available(one) <= this.available(poorest)) continue
      }
      richest = [...richest, one]
        .toSorted((a, b) => this.available(b) - this.available(a))
        .slice(0, most)
    }
    return richest
  }

  id(one: number): string {
    return this.#ids[one] as string
  }

  /** The number of an account; undefined where it is not one that sends and receives. */
  find(accountId: string): number | undefined {
    const found = this.#ids.indexOf(accountId)
    return found < 0 ? undefined : found
  }

  poolOf(one: number): Pool {
    return this.#poolOf[one] as Pool
  }

  /** The balance and the unused overdraft together. */
  available(one: number): number {
    return this.#available[one] as number
  }

  canMove({ from, to, minor }: Movement): boolean {
    return (
      from !== to &&
      this.#poolOf[from] === this.#poolOf[to] &&
      this.available(from) >= minor &&
      this.available(to) + minor <= MOST
    )
  }

  move({ from, to, minor }: Movement): void {
    this.#available[from] = this.available(from) - minor
    this.#available[to] = this.available(to) + minor
  }

  /** The first account found that has so much to send in a currency, also where it is alone in it. */
  payer({ currency, minor }: { currency: string; minor: number }): number | undefined {
    const found = this.#available.findIndex(
      (available, one) => available >= minor && this.#poolOf[one]?.currency === currency,
    )
    return found < 0 ? undefined : found
  }
}
