import type { Transaction } from '../mongodb/transaction.ts'
import { type RefusedIds, requireNonePending } from './pending-ids.ts'
import type { TransferRecord } from './records.ts'
import { TransferInsert } from './transfer-insert.ts'

/**
 * The inserts of a posting. While one is in flight, transfers gather for the next. So a server that is near gets many
 * inserts and is never idle, and one that is far away gets few.
 */
export class InsertQueue {
  readonly #transaction: Transaction
  #gathering: TransferInsert
  #refusedIds: RefusedIds[] = []
  #inFlight: Promise<unknown> = Promise.resolve()
  #isFree = true

  constructor(transaction: Transaction) {
    this.#transaction = transaction
    this.#gathering = new TransferInsert(transaction)
  }

  /** Adds transfers, and refused ids of which no transaction that is still open may have written one. Sends all if it can. */
  async add(
    transfers: readonly TransferRecord[],
    refusedIds: RefusedIds | undefined,
  ): Promise<void> {
    this.#gathering.add(transfers)
    if (refusedIds) this.#refusedIds.push(refusedIds)
    if (this.#isFree) await this.#send()
  }

  /** Waits for the insert in flight, so that the transaction can be used. */
  async idle(): Promise<void> {
    await this.#inFlight
  }

  /** Sends what has gathered, and waits for it. */
  async finish(): Promise<void> {
    await this.#send()
    await this.#inFlight
  }

  /** @throws what the insert in flight throws */
  async #send(): Promise<void> {
    await this.#inFlight
    const [insert, refusedIds] = [this.#gathering, this.#refusedIds]
    this.#gathering = new TransferInsert(this.#transaction)
    this.#refusedIds = []
    this.#isFree = false
    this.#inFlight = Promise.all([
      insert.send(),
      requireNonePending(joined(refusedIds), this.#transaction),
    ]).finally(() => (this.#isFree = true))
    this.#inFlight.catch(() => undefined)
  }
}

/** The ids of all: one that is in several must be looked at once, because two looks would meet each other. */
const joined = (all: readonly RefusedIds[]): RefusedIds => ({
  transfers: new Set(all.flatMap(({ transfers }) => [...transfers])),
  holds: new Set(all.flatMap(({ holds }) => [...holds])),
})
