import { collectionsOf } from '../definition.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { write } from './account-updates.ts'

/**
 * Writes accounts at the start of a transaction, and leaves them as they are: each change is undone at once. If another
 * transaction that is still open has written one of them, this is a write conflict before any work is done, and one that
 * writes them afterwards meets the conflict itself.
 */
export async function claimAccounts(
  accountIds: ReadonlySet<string>,
  transaction: Transaction,
): Promise<void> {
  if (accountIds.size === 0) return
  const q = { _id: { $in: [...accountIds] } }
  const change = (by: number) => ({ q, u: { $inc: { transferCount: by } }, multi: true })
  const update = collectionsOf(transaction.connection).accounts
  await write({ update, updates: [change(1), change(-1)] }, transaction)
}
