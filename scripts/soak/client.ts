/** A client process of a soak. Its parent starts it, and may kill it at any time. */
import mongoose, { type Connection } from 'mongoose'
import { Random } from '../../src/internal.ts'
import { Asker } from './asking.ts'
import type { ClientSettings } from './clients.ts'
import { connectThroughProxies } from './connection.ts'
import { Journal } from './journal.ts'
import { Worker } from './worker.ts'

const settings = JSON.parse(process.argv[2] ?? '') as ClientSettings
const { uri, seed, client, incarnation, workers, think, folder, journal: path } = settings

let isStopped = false
process.once('message', () => (isStopped = true))
process.once('disconnect', () => process.exit())

const journal = new Journal(path)
const connection = await connect()
process.send?.('ready')
await Promise.all(
  workers.map((worker, index) =>
    new Worker({
      asker: new Asker(journal, `${worker}.${incarnation}`),
      random: new Random(seed, client, incarnation, index),
      connection,
      seed,
      worker,
      folder,
    }).run({ isStopped: () => isStopped, think }),
  ),
)
await connection.close(true)
journal.close()
process.exit()

/** Connects, also if the set has no primary for longer than the driver waits. */
async function connect(): Promise<Connection> {
  for (;;) {
    try {
      return await connectThroughProxies(uri)
    } catch (error) {
      if (!(error instanceof mongoose.Error)) throw error
    }
  }
}
