import { setTimeout } from 'node:timers/promises'
import type { Connection, mongo } from 'mongoose'

/** What `$currentOp` reports about an operation, a connection, or an idle session with an open transaction. */
interface Operation {
  readonly type: string
  readonly connectionId?: number
  readonly appName?: string
  readonly lsid?: { readonly id: mongo.UUID }
  readonly transaction?: { readonly timeInactiveMicros: number }
}

/** How long a transaction must be idle before it is ended. A program that still runs would use it sooner. */
const IDLE_MICROSECONDS = 1_000_000

/**
 * Ends the transactions that a killed process left open. The server would keep them, and the write conflicts
 * that they cause, for up to a minute. A transaction counts as abandoned if its connection is gone and it has
 * been idle for a second. Transactions of connections with another `appName` are left alone. If the user may
 * not list operations, nothing is ended.
 *
 * Returns whether some transactions of lost connections have not been idle long enough yet.
 */
export async function endAbandonedTransactions(connection: Connection): Promise<boolean> {
  const client = connection.getClient()
  const admin = client.db('admin')
  try {
    const operations = await admin
      .aggregate<Operation>([{ $currentOp: { idleSessions: true, idleConnections: true } }])
      .toArray()
    const isSession = ({ type }: Operation) => type === 'idleSession'
    const hasOurName = ({ appName = '' }: Operation) => appName === (client.options.appName ?? '')
    const isIdle = ({ transaction }: Operation) =>
      transaction !== undefined && transaction.timeInactiveMicros >= IDLE_MICROSECONDS
    const connectionIds = new Set(
      operations.flatMap((each) => (isSession(each) ? [] : [each.connectionId])),
    )
    const withoutConnection = operations.filter(
      (each) =>
        isSession(each) &&
        hasOurName(each) &&
        each.transaction &&
        !connectionIds.has(each.connectionId),
    )
    const sessions = withoutConnection
      .filter(isIdle)
      .flatMap(({ lsid }) => (lsid ? [{ id: lsid.id }] : []))
    if (sessions.length > 0) await admin.command({ killSessions: sessions })
    return sessions.length < withoutConnection.length
  } catch {
    // Ending them only saves time: a transaction that meets their conflicts is retried anyway.
    return false
  }
}

const INTERVAL_MS = 200

/** Ends abandoned transactions until none is left. While one holds a collection, it cannot be renamed. */
export async function endAllAbandonedTransactions(connection: Connection): Promise<void> {
  while (await endAbandonedTransactions(connection)) await setTimeout(INTERVAL_MS)
}
