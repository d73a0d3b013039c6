import type { Connection, mongo } from 'mongoose'
import { waitUntil } from '../engine/wait-until.ts'
import { EngineError } from '../errors.ts'
import { createIfMissing } from '../models/collections.ts'
import { isDriverError } from '../mongodb/driver-errors.ts'

/** What the server's failpoint for commands does, and to which client. A server has only one. */
interface Setting {
  /** How many commands fail. */
  readonly times: number
  readonly data: { readonly appName: string; readonly [field: string]: unknown }
}

interface FailpointState {
  /** How many commands have failed since the server started. */
  readonly count: number
  /** The `appName` of the client whose commands will still fail; undefined if there is none. */
  readonly pendingFor: string | undefined
}

/** A field in the failpoint's data: the count at which it is used up. The server does not report that itself. */
const USED_UP_AT = 'daybookUsedUpAt'

/** How long to wait for another client, in milliseconds: less than the 5 seconds that test runners give a test. */
const LONGEST_WAIT_MS = 4_000

/** A collection that serves as a lock: a client creates it, changes the failpoint and drops it. */
const LOCK = { database: 'daybook-testing', collection: 'failpoint-lock' }

/**
 * Sets the failpoint as soon as it is not pending for another client. `longestWait` is in milliseconds.
 * @throws EngineError if it stays pending, or if the server has no failpoints
 */
export async function setFailpoint(
  connection: Connection,
  { times, data }: Setting,
  longestWait = LONGEST_WAIT_MS,
): Promise<void> {
  let holder: string | undefined
  const set = async (): Promise<boolean> => {
    const { count, pendingFor } = await readFailpoint(connection)
    holder = pendingFor
    // The failure of a client that was killed would never happen.
    if (holder !== undefined && (await isConnected(connection, holder))) return false
    await configure(connection, { mode: { times }, data: { ...data, [USED_UP_AT]: count + times } })
    return true
  }
  if (await waitUntil(() => withFailpointLock(connection, set), { timeout: longestWait })) return
  const seconds = longestWait / 1000
  throw new EngineError(
    holder === undefined
      ? `other clients have been changing the server's failpoint for ${seconds} s. If one of them was killed while it did so, drop the database ${LOCK.database}`
      : `the server can fail commands of only one client at a time, and has waited ${seconds} s for a command of ${holder} to fail. Let that happen, or call stopFailing() there`,
  )
}

/** Turns the failpoint off if it is pending for this client. */
export async function clearFailpoint(connection: Connection, appName: string): Promise<void> {
  const clear = async (): Promise<boolean> => {
    const { pendingFor } = await readFailpoint(connection)
    if (pendingFor === appName) await configure(connection, { mode: 'off' })
    return true
  }
  await waitUntil(() => withFailpointLock(connection, clear), { timeout: LONGEST_WAIT_MS })
}

/** Runs `work` while it holds the lock, and returns its result; returns false if another client holds the lock. */
async function withFailpointLock(
  connection: Connection,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const database = connection.getClient().db(LOCK.database)
  if (!(await createIfMissing(database, LOCK.collection))) return false
  try {
    return await work()
  } finally {
    await database.dropCollection(LOCK.collection)
  }
}

async function readFailpoint(connection: Connection): Promise<FailpointState> {
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

async function command(connection: Connection, document: object): Promise<mongo.Document> {
  try {
    return await connection.getClient().db('admin').command(document)
  } catch (error) {
    if (!isDriverError(error, 'MongoServerError')) throw error
    throw new EngineError(
      `the server has no failpoints (it says: ${error.message}). Unset MONGODB_URI to have a server started that has them, or start yours with --setParameter enableTestCommands=1`,
      { cause: error },
    )
  }
}
