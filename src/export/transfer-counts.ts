import type { Connection, mongo } from 'mongoose'
import { HashIndex } from '../compact/hash-index.ts'
import { NumberList } from '../compact/number-list.ts'
import { PackedTexts } from '../compact/packed-texts.ts'
import { collectionsOf } from '../definition.ts'
import type { AccountRecord, TransferRecord } from '../ledger/records.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'

type Numbered = Pick<TransferRecord, 'fromAccount' | 'toAccount' | 'fromSequence' | 'toSequence'>

/** How many accounts the server sends at once. */
const BATCH_SIZE = 5_000

/**
 * How many transfers each account had at one moment. So it is known of a transfer, whenever it is read, whether it was
 * posted by then: a snapshot of the transfers themselves would end after five minutes. An account takes about 35 bytes.
 */
export class TransferCounts {
  readonly #accounts: mongo.Collection<AccountRecord>
  readonly #index = new HashIndex()
  readonly #ids = new PackedTexts()
  readonly #counts = new NumberList((length) => new Float64Array(length))
  /** Accounts without a count that exist. */
  readonly #openedLater = new Set<string>()

  private constructor(accounts: mongo.Collection<AccountRecord>) {
    this.#accounts = accounts
  }

  /** Reads the counts of now, in a snapshot. */
  static async read(connection: Connection): Promise<TransferCounts> {
    const { accounts } = collectionsOf(connection)
    const counts = new TransferCounts(primaryDatabaseOf(connection).collection(accounts))
    const session = connection.getClient().startSession({ snapshot: true })
    try {
      const projection = { transferCount: 1 }
      const options = { session, projection, batchSize: BATCH_SIZE }
      const used = counts.#accounts.find({ transferCount: { $gt: 0 } }, options)
      for await (const { _id, transferCount } of used) counts.#add(_id, transferCount)
    } finally {
      await session.endSession()
    }
    return counts
  }

  #add(id: string, count: number): void {
    this.#index.add(id, this.#ids.length)
    this.#ids.push(id)
    this.#counts.push(count)
  }

  /** Those transfers that were posted by then. */
  async included<Transfer extends Numbered>(transfers: readonly Transfer[]): Promise<Transfer[]> {
    const included: Transfer[] = []
    for (const transfer of transfers) {
      const { fromAccount, toAccount } = transfer
      if (this.#has(transfer) ?? !(await this.#exists([fromAccount, toAccount]))) {
        included.push(transfer)
      }
    }
    return included
  }

  /**
   * Whether a transfer was posted by then; undefined if neither account had any. One side is enough to know it, should the
   * other be damaged.
   */
  #has({ fromAccount, toAccount, fromSequence, toSequence }: Numbered): boolean | undefined {
    const [from, to] = [this.#countOf(fromAccount), this.#countOf(toAccount)]
    if (from === undefined && to === undefined) return undefined
    return fromSequence <= (from ?? 0) || toSequence <= (to ?? 0)
  }

  #countOf(id: string): number | undefined {
    const index = this.#index.find(id, (candidate) => this.#ids.at(candidate) === id)
    return index === undefined ? undefined : this.#counts.at(index)
  }

  /** Whether one of some accounts exists, which then got its first transfer later. */
  async #exists(ids: readonly string[]): Promise<boolean> {
    if (ids.some((id) => this.#openedLater.has(id))) return true
    const found = await this.#accounts.findOne(
      { _id: { $in: ids } },
      { projection: { _id: 1 }, readConcern: { level: 'majority' } },
    )
    if (found) this.#openedLater.add(found._id)
    return found !== null
  }
}
