import type { Workspace } from './comparison.ts'

/** The server's log of changes, from a moment on. */
export interface OplogMark {
  /** How many bytes of it were written since the mark; NaN if the server has removed some of them already. */
  bytesSince(): Promise<number>
}

/** Marks the end of the server's oplog. */
export async function markOplog({ connection }: Workspace): Promise<OplogMark> {
  const oplog = connection.getClient().db('local').collection('oplog.rs')
  const [latest] = await oplog.find().sort({ $natural: -1 }).limit(1).toArray()
  return {
    async bytesSince() {
      const [first] = await oplog.find().sort({ $natural: 1 }).limit(1).toArray()
      if (!latest || !first || first['ts'].gt(latest['ts'])) return Number.NaN
      const [sum] = await oplog
        .aggregate<{ bytes: number }>([
          { $match: { ts: { $gt: latest['ts'] } } },
          { $group: { _id: null, bytes: { $sum: { $bsonSize: '$$ROOT' } } } },
        ])
        .toArray()
      return sum?.bytes ?? 0
    },
  }
}
