import { setTimeout } from 'node:timers/promises'
import type { Connection, mongo } from 'mongoose'

/** What the server tells of an operation, a connection, or a session that rests within a transaction. */
interface Operation {
  readonly type: string
  readonly connectionId?: number
  readonly appName?: string
  readonly lsid?: { readonly id: mongo.UUID }
  readonly transaction?: { readonly timeInactiveMicros: number }
}

/** How long the transaction of a lost connection must have rested: a living owner goes on at once. */
const RESTED_MICROSECONDS = 1_000_000

/**
 * Ends the transactions that a killed process left behind: the server would keep them, and the write
 * conflicts that they cause, for up to a minute. They are told by their connection being gone and by
 * having rested since; those of connections with another `appName` are left alone. Where the server does
 * not let us look, nothing is ended. Gives whether some have not rested for long enough yet.
 */
export async function endAbandonedTransactions(connection: Connection): Promise<boolean> {
  const client = connection.getClient()
  const admin = client.db('admin')
  try {
    const operations = await admin
      .aggregate<Operation>([{ $currentOp: { idleSessions: true, idleConnections: true } }])
      .toArray()
    const isSession = ({ type }: Operation) => type === 'idleSession'
    const isOurs = ({ appName = '' }: Operation) => appName === (client.options.appName ?? '')
    const hasRested = ({ transaction }: Operation) =>
      transaction !== undefined && transaction.timeInactiveMicros >= RESTED_MICROSECONDS
    const living = new Set(
      operations.flatMap((each) => (isSession(each) ? [] : [each.connectionId])),
    )
    const abandoned = operations.filter(
      (each) =>
        isSession(each) && isOurs(each) && each.transaction && !living.has(each.connectionId),
    )
    const sessions = abandoned
      .filter(hasRested)
      .flatMap(({ lsid }) => (lsid ? [{ id: lsid.id }] : []))
    if (sessions.length > 0) await admin.command({ killSessions: sessions })
    return sessions.length < abandoned.length
  } catch {
    // The transaction that waits for them is tried again in any case, until its own time is up.
    return false
  }
}

const INTERVAL_MS = 200

/** {@link endAbandonedTransactions}, and waits for those that have yet to rest: a collection cannot be renamed before. */
export async function endAllAbandonedTransactions(connection: Connection): Promise<void> {
  while (await endAbandonedTransactions(connection)) await setTimeout(INTERVAL_MS)
}
