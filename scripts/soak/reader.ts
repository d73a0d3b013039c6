import { setTimeout } from 'node:timers/promises'
import type { Connection } from 'mongoose'
import type { mongo } from 'mongoose'
import type { AccountRecord } from '../../src/index.ts'
import { connectDirectly } from './connection.ts'

/** What a reader saw. */
export interface Reading {
  /** How many snapshots it read. */
  readonly snapshots: number
  /** The totals that had moved. There must be none. */
  readonly moved: readonly string[]
}

/**
 * Reads by how much the balances in each currency differ from the opening balances, from snapshots on any member, until
 * `stop` is called. The sum is always zero: no transfer may move it, and the snapshot of a member that lags behind lacks
 * both balances of the latest accounts.
 */
export async function startReader(uri: string): Promise<{ stop: () => Promise<Reading> }> {
  const connection = await connectDirectly(uri)
  const moved: string[] = []
  let snapshots = 0
  let isStopped = false
  const read = async () => {
    while (!isStopped) {
      // A member that is away or paused cannot be read: the next snapshot may be of another one.
      const differences = await differencesIn(connection).catch(() => undefined)
      if (differences !== undefined) snapshots += 1
      if (differences !== undefined && differences !== '') moved.push(`off by ${differences}`)
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

/** The sums in each currency that are not zero, as one text. */
async function differencesIn(connection: Connection): Promise<string> {
  const session = await connection.startSession({ snapshot: true })
  try {
    const totals = await connection
      .collection<AccountRecord>('accounts')
      .aggregate<{ _id: string; total: mongo.Decimal128 }>(
        [
          {
            $group: {
              _id: '$currency',
              total: { $sum: { $subtract: ['$balance', '$openingBalance'] } },
            },
          },
          { $match: { total: { $ne: 0 } } },
        ],
        { session, readPreference: 'nearest', maxTimeMS: 5_000 },
      )
      .toArray()
    return totals.map(({ _id, total }) => `${total} ${_id}`).join(', ')
  } finally {
    await session.endSession()
  }
}
