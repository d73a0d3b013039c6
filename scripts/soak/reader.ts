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
  /** The accounts that said another sum as held than their active holds had left. There must be none. */
  readonly misheld: readonly string[]
}

/**
 * Reads by how much the balances in each currency differ from the opening balances, from snapshots on any member, until
 * `stop` is called. The sum is always zero: no transfer may move it, and the snapshot of a member that lags behind lacks
 * both balances of the latest accounts. So is the difference between what accounts say is held and what active holds have
 * left.
 */
export async function startReader(uri: string): Promise<{ stop: () => Promise<Reading> }> {
  const connection = await connectDirectly(uri)
  const moved: string[] = []
  const misheld = new Set<string>()
  let snapshots = 0
  let isStopped = false
  const read = async () => {
    while (!isStopped) {
      // A member that is away or paused cannot be read: the next snapshot may be of another one.
      const snapshot = await readSnapshot(connection).catch(() => undefined)
      if (snapshot) snapshots += 1
      if (snapshot?.moved) moved.push(`off by ${snapshot.moved}`)
      for (const account of snapshot?.misheld ?? []) misheld.add(account)
      await setTimeout(100)
    }
  }
  const reading = read()
  return {
    async stop() {
      isStopped = true
      await reading
      await connection.close()
      return { snapshots, moved, misheld: [...misheld] }
    },
  }
}

/** What is wrong in one snapshot. */
async function readSnapshot(
  connection: Connection,
): Promise<{ moved: string; misheld: readonly string[] }> {
  const session = await connection.startSession({ snapshot: true })
  const options = { session, readPreference: 'nearest', maxTimeMS: 5_000 } as const
  try {
    return {
      moved: await differencesIn(connection, options),
      misheld: await misheldIn(connection, options),
    }
  } finally {
    await session.endSession()
  }
}

/** The sums in each currency that are not zero, as one text. */
async function differencesIn(
  connection: Connection,
  options: mongo.AggregateOptions,
): Promise<string> {
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
      options,
    )
    .toArray()
  return totals.map(({ _id, total }) => `${total} ${_id}`).join(', ')
}

/** The accounts whose `held` is not the sum of what their active holds have left. */
async function misheldIn(
  connection: Connection,
  options: mongo.AggregateOptions,
): Promise<string[]> {
  const accounts = await connection
    .collection<AccountRecord>('accounts')
    .aggregate<{ _id: string; difference: mongo.Decimal128 }>(
      [
        { $project: { difference: { $ifNull: ['$held', 0] } } },
        {
          $unionWith: {
            coll: 'holds',
            pipeline: [
              { $match: { status: 'active' } },
              {
                $project: {
                  _id: '$fromAccount',
                  difference: { $subtract: ['$captured', '$amount'] },
                },
              },
            ],
          },
        },
        { $group: { _id: '$_id', difference: { $sum: '$difference' } } },
        { $match: { difference: { $ne: 0 } } },
      ],
      options,
    )
    .toArray()
  return accounts.map(({ _id, difference }) => `held of ${_id} is off by ${difference}`)
}
