import { HoldNotActiveError } from '../../errors.ts'
import { type Decimal, toDecimal } from '../../money/money.ts'
import type { HoldRecord } from '../records.ts'

/** The holds that a posting works on. Each action replaces the record that it changes. */
export interface HoldBook {
  readonly records: Map<string, HoldRecord>
  /** The ids of active holds that have expired, by the server's clock. */
  readonly expired: ReadonlySet<string>
  /** The server's time. Undefined if no request depends on it. */
  readonly serverTime: Date | undefined
}

/** What can still be captured of an active hold. */
export const remainingOf = ({ amount, captured }: HoldRecord): Decimal =>
  toDecimal(amount).minus(toDecimal(captured))

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
