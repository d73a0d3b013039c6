import type { Transaction } from '../../mongodb/transaction.ts'
import { Decimal, toDecimal } from '../../money/money.ts'
import { post } from '../posting.ts'
import type { AccountRecord } from '../records.ts'
import { remainingOf } from './hold-book.ts'
import { readExpiredHolds } from './stored-holds.ts'

/**
 * Releases the holds of an account that have expired, unless others are active. Returns what the others reserve: if it is more
 * than zero, nothing is written.
 */
export async function releaseExpiredOnly(
  { _id: accountId, held }: AccountRecord,
  transaction: Transaction,
): Promise<Decimal> {
  if (!held) return new Decimal(0)
  const expired = await readExpiredHolds([accountId], transaction)
  const others = expired.reduce((sum, hold) => sum.minus(remainingOf(hold)), toDecimal(held))
  if (others.isZero()) {
    await post(
      expired.map(({ _id: holdId }) => ({ kind: 'expire' as const, holdId })),
      transaction,
    )
  }
  return others
}
