import mongoose, { type Connection } from 'mongoose'
import { waitUntil } from '../engine/wait-until.ts'
import { EngineError } from '../errors.ts'
import { createIfMissing } from '../models/collections.ts'

/** What the server's one failpoint for commands is to do, and to which client. */
interface Setting {
  /** How many commands it strikes. */
  readonly times: number
  readonly data: { readonly appName: string; readonly [field: string]: unknown }
}

/** How the failpoint stands. */
interface Failpoint {
  /** How many commands it has struck since the server started. */
  readonly count: number
  /** The client that it is still to strike, if there is one. */
  readonly pendingFor: string | undefined
}

/** The field of its data with the count at which it is used up, which the server itself does not tell. */
const USED_UP_AT = 'daybookUsedUpAt'

/** How long another client's may stay pending, in milliseconds: shorter than what runners give a test, 5 seconds. */
const PATIENCE = 4_000

/** The collection that whoever changes the failpoint makes, and drops again: nobody else can make it meanwhile. */
const TURN = { database: 'daybook-testing', collection: 'failpoint-turn' }

/**
 * Sets the failpoint once it is pending for no client.
 * @throws EngineError where it stays pending, or the server has none
 */
export async function setFailpoint(
  connection: Connection,
  { times, data }: Setting,
  patience = PATIENCE,
): Promise<void> {
  let holder: string | undefined
  const set = async (): Promise<boolean> => {
    const { count, pendingFor } = await readFailpoint(connection)
    holder = pendingFor
    // That of a client which was killed would stay for ever.
    if (holder !== undefined && (await isConnected(connection, holder))) return false
    await configure(connection, { mode: { times }, data: { ...data, [USED_UP_AT]: count + times } })
    return true
  }
  if (await waitUntil(() => inTurn(connection, set), { timeout: patience })) return
  const seconds = patience / 1000
  throw new EngineError(
    holder === undefined
      ? `others have been changing what the server fails for ${seconds} s; if one was killed at it, drop the database ${TURN.database}`
      : `the server fails commands of one client at a time, and for ${seconds} s it has been about to fail those of ${holder}: let that happen, or end it there with stopFailing()`,
  )
}

/** Takes the failpoint back where it is pending for this client. */
export async function clearFailpoint(connection: Connection, appName: string): Promise<void> {
  const clear = async (): Promise<boolean> => {
    const { pendingFor } = await readFailpoint(connection)
    if (pendingFor === appName) await configure(connection, { mode: 'off' })
    return true
  }
  await waitUntil(() => inTurn(connection, clear), { timeout: PATIENCE })
}

/** Does some work while no other client does so; false where another is at it. */
async function inTurn(connection: Connection, work: () => Promise<boolean>): Promise<boolean> {
  const database = connection.getClient().db(TURN.database)
  if (!(await createIfMissing(database, TURN.collection))) return false
  try {
    return await work()
  } finally {
    await database.dropCollection(TURN.collection)
  }
}

async function readFailpoint(connection: Connection): Promise<Failpoint> {
  const name = 'failpoint.failCommand'
  const reply = await command(connection, { getParameter: 1, [name]: 1 })
  const { data, timesEntered: count } = reply[name] as {
    data: { appName?: string; [USED_UP_AT]?: number }
    timesEntered: number
  }
  return { count, pendingFor: count < (data[USED_UP_AT] ?? 0) ? data.appName : undefined }
}

async function isConnected(connection: Connection, appName: string): Promise<boolean> {
  const operations = connection
    .getClient()
    .db('admin')
    .aggregate([{ $currentOp: { idleConnections: true } }, { $match: { appName } }, { $limit: 1 }])
  return (await operations.toArray()).length > 0
}

const configure = (connection: Connection, failpoint: object) =>
  command(connection, { configureFailPoint: 'failCommand', ...failpoint })

async function command(connection: Connection, document: object): Promise<mongoose.mongo.Document> {
  try {
    return await connection.getClient().db('admin').command(document)
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoServerError)) throw error
    throw new EngineError(
      `the server fails no commands on demand (it says: ${error.message}); leave MONGODB_URI out, so that one is started which does, or start yours with --setParameter enableTestCommands=1`,
      { cause: error },
    )
  }
}
