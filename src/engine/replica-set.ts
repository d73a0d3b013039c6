import mongoose from 'mongoose'
import { EngineError, InputError } from '../errors.ts'
import { reasonOf } from '../messages.ts'
import { describeUri } from './uri.ts'

/** How long a server may take to be found, in milliseconds. */
const serverSelectionTimeoutMS = 5000

const howToGetOne =
  'start mongod with --replSet rs0 and run rs.initiate() once in mongosh, or leave --uri and MONGODB_URI out to use the local database'

/** Throws an EngineError unless the connection leads to a replica set or a sharded cluster. */
export async function requireReplicaSet(connection: mongoose.Connection): Promise<void> {
  await connection.asPromise()
  const hello = await connection.db!.admin().command({ hello: 1 })
  const isSharded = hello['msg'] === 'isdbgrid'
  if (hello['setName'] || isSharded) return
  throw new EngineError(
    `${connection.host}:${connection.port} ${problemOf(hello) ?? 'is of another replica set than the URI says'}`,
  )
}

/**
 * Throws an EngineError unless a replica set or a sharded cluster answers at a URI within seconds, an
 * InputError where it is no URI.
 */
export async function requireReachable(uri: string): Promise<void> {
  const connection = mongoose.createConnection()
  try {
    await connection.openUri(uri, { serverSelectionTimeoutMS })
    await requireReplicaSet(connection)
  } catch (error) {
    if (error instanceof EngineError) throw error
    if (isMalformed(error)) {
      throw new InputError(
        `${describeUri(uri)} is no URI of MongoDB: ${describeUri(reasonOf(error))}`,
      )
    }
    const problem = (await probe(uri)) ?? diagnose(error)
    throw new EngineError(`${describeUri(uri)}: ${problem}`, {
      cause: describeUri(reasonOf(error)),
    })
  } finally {
    await connection.close()
  }
}

/** By name: most of these are thrown by a package that the driver brings, with classes of its own. */
const isMalformed = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoAPIError ||
  (error instanceof Error && /^Mongo(?:Parse|Runtime)Error$/.test(error.name))

/** What is wrong with a server as it describes itself. */
function problemOf(hello: mongoose.mongo.Document): string | undefined {
  if (hello['isreplicaset'] === true) {
    return 'is of a replica set that is not initiated; run rs.initiate() once in mongosh'
  }
  return hello['setName'] === undefined
    ? `is a standalone server, and MongoDB transactions need a replica set; ${howToGetOne}`
    : undefined
}

/**
 * Asks each server that a URI names what it is, which the driver does not tell where it is none of the
 * replica set that the URI names. Undefined where none answers, or nothing is wrong with those that do.
 */
async function probe(uri: string): Promise<string | undefined> {
  if (!uri.startsWith('mongodb://')) return undefined
  const expected = /[?&]replicaSet=([^&]*)/i.exec(uri)?.[1]
  const { hosts } = new mongoose.mongo.MongoClient(uri).options
  for (const host of hosts) {
    const alone = uri
      .replace(/^(mongodb:\/\/(?:[^@/]*@)?)[^/?]*/, `$1${host.toString()}`)
      .replace(/([?&])replicaSet=[^&]*&?/i, '$1')
    const client = new mongoose.mongo.MongoClient(alone, {
      directConnection: true,
      serverSelectionTimeoutMS: 2_000,
    })
    try {
      const hello = await client.db('admin').command({ hello: 1 })
      const problem = problemOf(hello)
      if (problem !== undefined) return `${host} ${problem}`
      const { setName } = hello as { setName?: string }
      if (expected !== undefined && setName !== expected) {
        return `${host} is of the replica set ${setName}, and the URI says replicaSet=${expected}`
      }
    } catch {
      // It does not answer, which the driver's own error tells.
    } finally {
      await client.close()
    }
  }
  return undefined
}

function diagnose(error: unknown): string {
  const remedy = 'see that the server runs, can be reached from here, and that the URI is right'
  return `no connection: ${describeUri(reasonOf(error))}; ${remedy}`
}
