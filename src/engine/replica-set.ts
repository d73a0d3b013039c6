import mongoose from 'mongoose'
import { EngineError, reasonOf } from './errors.ts'
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
    `${connection.host}:${connection.port} is a standalone server, and MongoDB transactions need a replica set; ${howToGetOne}`,
  )
}

/** Throws an EngineError unless a replica set or a sharded cluster answers at a URI within 5 s. */
export async function requireReachable(uri: string): Promise<void> {
  const connection = mongoose.createConnection()
  try {
    await connection.openUri(uri, { serverSelectionTimeoutMS })
    await requireReplicaSet(connection)
  } catch (error) {
    if (error instanceof EngineError) throw error
    throw new EngineError(`${describeUri(uri)}: ${diagnose(error)}`, {
      cause: describeUri(reasonOf(error)),
    })
  } finally {
    await connection.close()
  }
}

function diagnose(error: unknown): string {
  // Mongoose's types do not tell of the reason that its selection errors carry.
  const topology: mongoose.mongo.TopologyDescription | undefined =
    error instanceof mongoose.Error.MongooseServerSelectionError
      ? Reflect.get(error, 'reason')
      : undefined
  const servers = [...(topology?.servers?.values() ?? [])]
  if (servers.some(({ type }) => type === 'RSGhost')) {
    return 'the replica set is not initiated; run rs.initiate() once in mongosh'
  }
  const remedy = 'see that the server runs, can be reached from here, and that the URI is right'
  return `no connection: ${describeUri(reasonOf(error))}; ${remedy}`
}
