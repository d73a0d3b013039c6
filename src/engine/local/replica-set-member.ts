import mongoose from 'mongoose'
import { EngineError } from '../../errors.ts'
import { untilAborted, waitUntil } from '../wait-until.ts'

/** The driver's client, connected to one mongod. */
export type Client = mongoose.mongo.MongoClient

/** The name of the local replica set, and of the database that its URI opens. */
export const localName = 'daybook'

// A mongod that was moved to another port first asks at its old port whether it is there itself. If another
// program listens there and never answers, it waits 30 s.
const longestElection = 60_000

const passingErrors = new Set([
  'AlreadyInitialized',
  'NotYetInitialized',
  'NewReplicaSetConfigurationIncompatible',
])

/** Runs `work` with a client that is connected directly to the mongod on a port of this machine. */
export async function withMember<Result>(
  port: number,
  work: (client: Client) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const client = new mongoose.mongo.MongoClient(`mongodb://127.0.0.1:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: 5000,
  })
  try {
    return await work(await untilAborted(client.connect(), signal))
  } finally {
    await client.close()
  }
}

/** The folder in which the mongod behind a client keeps its data. */
export async function dataFolderOf(client: Client): Promise<string | undefined> {
  const options: { parsed?: { storage?: { dbPath?: string } } } = await client
    .db('admin')
    .command({ getCmdLineOpts: 1 })
  return options.parsed?.storage?.dbPath
}

/**
 * Makes the mongod on a port the primary of its replica set, of which it is the only member. Initiates the set if
 * the data are new; moves the member to this port, by force, if the data were last served on another one.
 */
export async function makePrimary(
  client: Client,
  port: number,
  signal?: AbortSignal,
): Promise<void> {
  const admin = client.db('admin')
  const host = `127.0.0.1:${port}`
  const isPrimary = await waitUntil(
    async () => {
      const hello = await admin.command({ hello: 1 })
      if (hello['isWritablePrimary'] === true && hello['me'] === host) return true
      if (!hello['setName']) await configure(client, host)
      return false
    },
    { timeout: longestElection, signal },
  )
  if (isPrimary) return
  const seconds = longestElection / 1000
  throw new EngineError(`the mongod on ${host} did not become primary within ${seconds} s`)
}

async function configure(client: Client, host: string): Promise<void> {
  const admin = client.db('admin')
  const configurations = client.db('local').collection('system.replset')
  const found = await configurations.findOne({}, { readPreference: 'primaryPreferred' })
  const members = [{ ...found?.['members']?.[0], _id: 0, host }]
  const command = !found
    ? { replSetInitiate: { _id: localName, members, settings: { electionTimeoutMillis: 500 } } }
    : found['members']?.[0]?.host === host
      ? undefined
      : { replSetReconfig: { ...found, members, version: found['version'] + 1 }, force: true }
  if (!command) return
  await admin.command(command).catch((error: unknown) => {
    // Another process is initiating the set, or mongod is still reading its configuration: the next check decides.
    const name = error instanceof mongoose.mongo.MongoServerError ? error.codeName : undefined
    if (!passingErrors.has(name ?? '')) throw error
  })
}
