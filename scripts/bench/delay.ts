import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import mongoose from 'mongoose'
import { median } from './statistics.ts'

/** A way to a server on which each reply takes longer. */
export interface Delay {
  /** The connection string of the same server, through a proxy. */
  readonly uri: string
  /** The median time from a command to its reply, in milliseconds. It contains the server's own time for `ping`. */
  readonly roundTrip: number
  close(): Promise<void>
}

const program = fileURLToPath(new URL('delay-process.ts', import.meta.url))

/** Starts a proxy on loopback that keeps each reply of a server on this machine back for some milliseconds. */
export async function startDelay(uri: string, milliseconds: number): Promise<Delay> {
  const [host] = new mongoose.mongo.MongoClient(uri).options.hosts
  const proxy = spawn(
    process.execPath,
    ['--import', 'tsx', program, String(host?.port), String(milliseconds)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const [output] = (await once(proxy.stdout, 'data')) as [Buffer]
  // Otherwise the driver would find the server's own address in its replica set, and go past the proxy.
  const delayed = `mongodb://127.0.0.1:${Number(output)}/?directConnection=true`
  return {
    uri: delayed,
    roundTrip: await measureRoundTrip(delayed),
    async close() {
      proxy.stdin.end()
      await once(proxy, 'exit')
    },
  }
}

async function measureRoundTrip(uri: string): Promise<number> {
  const client = await mongoose.mongo.MongoClient.connect(uri)
  try {
    const times: number[] = []
    for (let index = 0; index < 50; index += 1) {
      const start = performance.now()
      await client.db().command({ ping: 1 })
      times.push(performance.now() - start)
    }
    return median(times)
  } finally {
    await client.close()
  }
}
