import mongoose from 'mongoose'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { orderTransfers } from './orders.ts'

/**
 * Replays a file in a process that a test kills. Prints `posting` when chunks are posted, from the first on. A file of
 * orders is replayed with their transform.
 */
const [uri = '', dbName = '', file = '', options = '{}'] = process.argv.slice(2)
const connection = await mongoose
  .createConnection(uri, { dbName, appName: dbName, autoCreate: false, autoIndex: false })
  .asPromise()
await replay(connection, {
  ...(JSON.parse(options) as ReplayOptions),
  file,
  ...(file.endsWith('orders.csv') && { transform: { transform: orderTransfers, version: '1' } }),
  onProgress: ({ phase }) => {
    if (phase === 'posting') process.stdout.write('posting\n')
  },
})
await connection.close()
