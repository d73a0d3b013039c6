import { NumberList } from '../compact/number-list.ts'
import { PackedTexts } from '../compact/packed-texts.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { scaleOf } from '../money/currency.ts'
import { LIMIT, toDecimal } from '../money/money.ts'
import { parseMinorUnits } from './minor-units.ts'

/** The accounts of one currency that can send and receive. */
export interface CurrencyPool {
  readonly currency: string
  readonly scale: number
  /** Their indexes in {@link SimulatedAccounts}. */
  readonly members: Uint32Array
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
 * made. An account takes about 40 bytes, outside of the heap, and is known by its index.
 */
export class SimulatedAccounts {
  readonly inactive: readonly InactiveAccount[]
  readonly full: readonly FullAccount[]
  /** Only the pools with two members or more, because money moves within a pool. */
  readonly pools: readonly CurrencyPool[]
  readonly members: Uint32Array
  /** The members that were seeded first. */
  readonly first: Uint32Array
  /** The few richest members of each pool. */
  readonly hot: readonly number[]
  readonly #ids: PackedTexts
  readonly #available: Float64Array
  /** For each account the index of its pool in `#poolsByIndex`. */
  readonly #poolIndexes: Uint16Array
  /** All pools, even those with one member. */
  readonly #poolsByIndex: readonly CurrencyPool[]

  static async of(accounts: AsyncIterable<readonly AccountRecord[]>): Promise<SimulatedAccounts> {
    const lists = new AccountLists()
    for await (const batch of accounts) for (const account of batch) lists.add(account)
    return new SimulatedAccounts(lists)
  }

  private constructor(lists: AccountLists) {
    this.inactive = lists.inactive
    this.full = lists.full
    this.#ids = lists.ids
    this.#available = lists.available.toArray()
    this.#poolIndexes = lists.poolIndexes.toArray()
    this.#poolsByIndex = lists.pools.map((pool) => ({ ...pool, members: pool.members.toArray() }))
    this.pools = this.#poolsByIndex.filter(({ members }) => members.length > 1)
    this.members = joined(this.pools.map(({ members }) => members))
    this.first = this.members.toSorted().slice(0, FIRST)
    this.hot = this.pools.flatMap(({ members }) => this.#richest(members))
  }

  #richest(members: Uint32Array): number[] {
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
    return this.#ids.at(index)
  }

  /** The index of an account; undefined if it cannot send and receive. */
  find(accountId: string): number | undefined {
    const index = this.#ids.indexOf(accountId)
    return index < 0 ? undefined : index
  }

  poolOf(index: number): CurrencyPool {
    return this.#poolsByIndex[this.#poolIndexes[index] as number] as CurrencyPool
  }

  /** The balance plus the unused overdraft, in minor units. */
  available(index: number): number {
    return this.#available[index] as number
  }

  canReceive({ to, minorUnits }: Movement): boolean {
    return this.available(to) + minorUnits <= MOST_AVAILABLE
  }

  canMove(movement: Movement): boolean {
    const { from, to, minorUnits } = movement
    return (
      from !== to &&
      this.#poolIndexes[from] === this.#poolIndexes[to] &&
      this.available(from) >= minorUnits &&
      this.canReceive(movement)
    )
  }

  move(movement: Movement): void {
    this.reserve(movement)
    this.receive(movement)
  }

  /** Makes what a movement takes unavailable to its sender. */
  reserve({ from, minorUnits }: Movement): void {
    this.#available[from] = this.available(from) - minorUnits
  }

  /** Gives what was reserved to its receiver. */
  receive({ to, minorUnits }: Movement): void {
    this.#available[to] = this.available(to) + minorUnits
  }

  /** Makes what was reserved available to its sender again. */
  giveBack({ from, minorUnits }: Movement): void {
    this.#available[from] = this.available(from) + minorUnits
  }

  /** The first account that can send this much in a currency, even if it is the only one in that currency. */
  findSender({
    currency,
    minorUnits,
  }: {
    currency: string
    minorUnits: number
  }): number | undefined {
    const pool = this.#poolsByIndex.find((each) => each.currency === currency)
    return pool?.members.find((index) => this.available(index) >= minorUnits)
  }
}

/** The accounts while they are read. */
class AccountLists {
  readonly inactive: InactiveAccount[] = []
  readonly full: FullAccount[] = []
  readonly ids = new PackedTexts()
  readonly available = new NumberList((length) => new Float64Array(length))
  readonly poolIndexes = new NumberList((length) => new Uint16Array(length))
  readonly pools: { currency: string; scale: number; members: NumberList<Uint32Array> }[] = []

  add(account: AccountRecord): void {
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
    let poolIndex = this.pools.findIndex((pool) => pool.currency === currency)
    if (poolIndex < 0) {
      const members = new NumberList((length) => new Uint32Array(length))
      poolIndex = this.pools.push({ currency, scale, members }) - 1
    }
    this.pools[poolIndex]?.members.push(this.ids.length)
    this.ids.push(accountId)
    this.available.push(balance + overdraft)
    this.poolIndexes.push(poolIndex)
  }
}

function joined(lists: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const list of lists) {
    all.set(list, end)
    end += list.length
  }
  return all
}
