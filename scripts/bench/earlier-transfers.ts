import { createCollections } from '../../src/index.ts'
import type { Workspace } from './comparison.ts'
import { accountsOf, createAccounts, flush, transfersOf } from './daybook-database.ts'
import { InMemoryLedger } from './in-memory-ledger.ts'
import type { NextPayment } from './payments.ts'

interface History {
  readonly accounts: number
  /** The number of transfers. */
  readonly earlier: number
  readonly nextPayment: NextPayment
}

const TRANSFERS_PER_INSERT = 5_000
const CONCURRENT_INSERTS = 3
const UPDATES_PER_WRITE = 10_000

/** Creates accounts with a history: what posting the transfers would have left, without posting them. */
export async function createHistory(
  { connection, signal }: Workspace,
  { accounts, earlier, nextPayment }: History,
): Promise<void> {
  await createAccounts(connection, accounts)
  const ledger = new InMemoryLedger()
  const postedAt = new Date()
  const transfers = transfersOf(connection)
  // Building the indexes afterwards takes a fraction of the time of updating them during the inserts.
  await transfers.dropIndexes()
  let left = earlier
  const insertTransfers = async () => {
    while (left > 0) {
      signal.throwIfAborted()
      const length = Math.min(TRANSFERS_PER_INSERT, left)
      left -= length
      const batch = Array.from({ length }, () => {
        const payment = nextPayment()
        const transferId = `H${payment.transferId}`
        return ledger.postOne({ ...payment, transferId }, postedAt)
      })
      await transfers.insertMany(batch, { ordered: false, writeConcern: { w: 1 } })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_INSERTS }, insertTransfers))
  const updates = ledger.accountUpdates(postedAt)
  while (updates.length > 0) {
    await accountsOf(connection).bulkWrite(updates.splice(-UPDATES_PER_WRITE), { ordered: false })
  }
  await createCollections(connection)
  await flush(connection)
}
