import { setTimeout } from 'node:timers/promises'
import type { Connection } from 'mongoose'
import type { mongo } from 'mongoose'
import type { AccountRecord } from '../../src/index.ts'
import { connectDirectly } from './connection.ts'

/** What a reader saw. */
export interface Reading {
  /** How many snapshots it read. */
  readonly snapshots: number
  /** The totals that differed from the first ones. There must be none. */
  readonly moved: readonly string[]
}

/**
 * Reads the sum of all balances in each currency, from snapshots on any member, until `stop` is called. No transfer
 * may ever move it.
 */
export async function startReader(uri: string): Promise<{ stop: () => Promise<Reading> }> {
  const connection = await connectDirectly(uri)
  const first = await totalsIn(connection)
  const moved: string[] = []
  let snapshots = 1
  let isStopped = false
  const read = async () => {
    while (!isStopped) {
      // A member that is away or paused cannot be read: the next snapshot may be of another one.
      const totals = await totalsIn(connection).catch(() => undefined)
      if (totals !== undefined) snapshots += 1
      if (totals !== undefined && totals !== first) moved.push(`${totals}, and not ${first}`)
      await setTimeout(100)
    }
  }
  const reading = read()
  return {
    async stop() {
      isStopped = true
      await reading
      await connection.close()
      return { snapshots, moved }
    },
  }
}

/** The sum of all balances in each currency, as one text. */
async function totalsIn(connection: Connection): Promise<string> {
  const session = await connection.startSession({ snapshot: true })
  try {
    const totals = await connection
      .collection<AccountRecord>('accounts')
      .aggregate<{ _id: string; total: mongo.Decimal128 }>(
        [{ $group: { _id: '$currency', total: { $sum: '$balance' } } }, { $sort: { _id: 1 } }],
        { session, readPreference: 'nearest', maxTimeMS: 5_000 },
      )
      .toArray()
    return totals.map(({ _id, total }) => `${total} ${_id}`).join(', ')
  } finally {
    await session.endSession()
  }
}
