import type { mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { MAX_PLAIN_WRITES, write } from './account-updates.ts'
import type { TransferRecord } from './records.ts'

/** An insert of transfers, which grows until it is sent. When there are many, each is encoded as it is added. */
export class TransferInsert {
  readonly #transaction: Transaction
  #few: TransferRecord[] = []
  #bulk: mongo.OrderedBulkOperation | undefined

  constructor(transaction: Transaction, transfers: readonly TransferRecord[] = []) {
    this.#transaction = transaction
    this.add(transfers)
  }

  get isEmpty(): boolean {
    return this.#few.length === 0 && !this.#bulk
  }

  add(transfers: readonly TransferRecord[]): void {
    if (!this.#bulk && this.#few.length + transfers.length <= MAX_PLAIN_WRITES) {
      this.#few.push(...transfers)
      return
    }
    this.#bulk ??= this.#encoded(this.#few.splice(0))
    for (const transfer of transfers) this.#bulk.insert(transfer)
  }

  #encoded(transfers: readonly TransferRecord[]): mongo.OrderedBulkOperation {
    const { database, connection } = this.#transaction
    const { transfers: name } = collectionsOf(connection)
    const bulk = database.collection<TransferRecord>(name).initializeOrderedBulkOp()
    for (const transfer of transfers) bulk.insert(transfer)
    return bulk
  }

  /** Fails with a duplicate key error if an id already exists. */
  async send(): Promise<void> {
    const { session, connection, isDryRun } = this.#transaction
    if (isDryRun || this.isEmpty) return
    if (this.#bulk) return void (await this.#bulk.execute({ session }))
    const insert = { insert: collectionsOf(connection).transfers, documents: this.#few }
    await write(insert, this.#transaction)
  }
}
