import { HoldNotActiveError } from '../../errors.ts'
import type { Ledger } from '../evaluation.ts'
import type { HoldRecord } from '../records.ts'
import type { HoldBook } from './hold-book.ts'

/** The accounts and transfers of a posting, and the holds that its requests name. */
export type LedgerWithHolds = Ledger & { readonly holds: HoldBook }

/** Why a hold cannot be captured or released, if it has ended. What was done elsewhere was done before it expired. */
export function refusalOfEnded(
  { _id: holdId, status }: HoldRecord,
  { postedElsewhereAt }: { readonly postedElsewhereAt?: Date | undefined },
  { expired }: HoldBook,
): HoldNotActiveError | undefined {
  if (status !== 'active') return new HoldNotActiveError({ holdId, status })
  if (postedElsewhereAt) return undefined
  return expired.has(holdId) ? new HoldNotActiveError({ holdId, status: 'expired' }) : undefined
}
