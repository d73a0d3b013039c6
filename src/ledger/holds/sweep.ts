import type { Connection } from 'mongoose'
import { databaseOf } from '../../mongodb/connection.ts'
import type { WaitOptions } from '../../mongodb/patience.ts'
import { postInOwnTransaction } from '../own-transaction.ts'
import { expiredHoldIds } from './stored-holds.ts'

/** The most holds that one transaction ends. */
const HOLDS_AT_ONCE = 500

/**
 * Marks the holds that have expired by the server's clock, the earliest first, and returns how many. Each is released
 * once, whatever other processes do.
 */
export async function expireHolds(connection: Connection, waiting: WaitOptions): Promise<number> {
  const context = { connection, database: databaseOf(connection) }
  let expired = 0
  for (;;) {
    const holdIds = await expiredHoldIds(HOLDS_AT_ONCE, context)
    const requests = holdIds.map((holdId) => ({ kind: 'expire', holdId }) as const)
    if (requests.length === 0) return expired
    const results = await postInOwnTransaction(requests, connection, waiting)
    const ended = results.filter(({ status }) => status === 'posted').length
    expired += ended
    // Others have ended all of these, or the clock was set back.
    if (ended === 0) return expired
  }
}
