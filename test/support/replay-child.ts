import mongoose from 'mongoose'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'

/** Replays a file in a process that a test kills. Prints `posting` when chunks are posted, from the first on. */
const [uri = '', dbName = '', file = '', options = '{}'] = process.argv.slice(2)
const connection = await mongoose
  .createConnection(uri, { dbName, appName: dbName, autoCreate: false, autoIndex: false })
  .asPromise()
await replay(connection, {
  ...(JSON.parse(options) as ReplayOptions),
  file,
  onProgress: ({ phase }) => {
    if (phase === 'posting') process.stdout.write('posting\n')
  },
})
await connection.close()
