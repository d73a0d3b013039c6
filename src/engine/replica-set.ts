import { setTimeout } from 'node:timers/promises'
import mongoose from 'mongoose'
import { EngineError, InputError } from '../errors.ts'
import { named, reasonOf } from '../messages.ts'
import {
  NO_USER,
  isMissingRight,
  isWrongPassword,
  wrongPasswordProblem,
} from '../mongodb/access.ts'
import { describeUri, hidePasswords, withoutSecrets } from './uri.ts'
import { untilAborted } from './wait-until.ts'

/** How long the driver may search for a server, in milliseconds. A connection that nobody answers would keep it from closing. */
const LIMITS = { serverSelectionTimeoutMS: 5000, connectTimeoutMS: 5000 }

const howToGetOne =
  'Start mongod with --replSet rs0 and run rs.initiate() once in mongosh, or use the local database: leave out --uri and MONGODB_URI'

/** How long a connection may take to open, in milliseconds, before {@link requireReachable} looks for the reason. */
const USUAL_TIME_MS = 1000

/** Throws an EngineError unless a connection that is being opened leads to a replica set or a sharded cluster. */
export async function requireReplicaSet(connection: mongoose.Connection): Promise<void> {
  await connection.asPromise()
  await requireUsable(connection.getClient())
}

/**
 * {@link requireReachable} for a connection that is being opened to the URI. If it can be used, no other connection is
 * made.
 */
export async function requireReachableBy(
  connection: mongoose.Connection,
  uri: string,
  signal: AbortSignal,
): Promise<void> {
  const usable = requireReplicaSet(connection).then(
    () => true,
    () => false,
  )
  const isSlow = setTimeout(USUAL_TIME_MS, false, { ref: false })
  try {
    if (await untilAborted(Promise.race([usable, isSlow]), signal)) return
    await requireReachable(uri, signal)
    await untilAborted(requireReplicaSet(connection), signal)
  } catch (error) {
    // While it is being opened, Mongoose would wait for that before it closes it.
    await connection.getClient()?.close()
    throw error
  }
}

/** Checks that a client can work with its server: transactions, and a user if the server wants one. */
async function requireUsable(client: mongoose.mongo.MongoClient): Promise<void> {
  const hello = await client.db('admin').command({ hello: 1 })
  requireTransactions(hello, String(client.options.hosts[0]))
  if (!client.options.credentials) await requireNoUser(client)
}

function requireTransactions(hello: mongoose.mongo.Document, address: string): void {
  const isSharded = hello['msg'] === 'isdbgrid'
  if (hello['setName'] || isSharded) return
  throw new EngineError(
    `${address} ${problemOf(hello) ?? 'belongs to a different replica set than the URI says'}`,
  )
}

/**
 * Checks that a replica set or a sharded cluster answers at a URI, within seconds.
 * @throws EngineError if none does, or if it does not accept the URI's user; InputError if the URI is malformed; the signal's reason if it aborts before that
 */
export async function requireReachable(uri: string, signal?: AbortSignal): Promise<void> {
  let client: mongoose.mongo.MongoClient | undefined
  try {
    client = new mongoose.mongo.MongoClient(uri, LIMITS)
    await untilAborted(client.connect(), signal)
    await untilAborted(requireUsable(client), signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof EngineError) throw error
    if (client && isWrongPassword(error)) {
      throw new EngineError(`${describeUri(uri)}: ${wrongPasswordProblem(client)}`, {
        cause: error,
      })
    }
    if (isMissingRight(error)) {
      throw new EngineError(`${describeUri(uri)}: ${NO_USER}`, { cause: error })
    }
    if (isMalformed(error)) {
      throw new InputError(
        `${describeUri(uri)} is not a MongoDB URI: ${withoutSecrets(reasonOf(error), uri)}`,
      )
    }
    const problem = (await untilAborted(findProblem(uri), signal)) ?? describeFailure(error)
    throw new EngineError(`${describeUri(uri)}: ${problem}`, {
      cause: hidePasswords(reasonOf(error)),
    })
  } finally {
    await client?.close()
  }
}

/** Sends a command that a server with access control refuses to a client without a user, but not to any user. */
async function requireNoUser(client: mongoose.mongo.MongoClient): Promise<void> {
  await client.db().command({ listCollections: 1, nameOnly: true, authorizedCollections: true })
}

/** Checked by name: most of these errors come from a dependency of the driver that has its own classes. */
const isMalformed = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoAPIError ||
  (error instanceof Error && /^Mongo(?:Parse|Runtime)Error$/.test(error.name))

/** What is wrong with a server, judged by its reply to `hello`. */
function problemOf(hello: mongoose.mongo.Document): string | undefined {
  if (hello['isreplicaset'] === true) {
    return 'belongs to a replica set that is not initiated. Run rs.initiate() once in mongosh'
  }
  return hello['setName'] === undefined
    ? `is a standalone server, but MongoDB transactions need a replica set. ${howToGetOne}`
    : undefined
}

/**
 * Asks each server of a URI what it is, and returns what is wrong with the first bad one. The driver does not
 * say it when the server is not in the replica set that the URI names. Undefined if no server answers, or if
 * those that answer are fine.
 */
async function findProblem(uri: string): Promise<string | undefined> {
  if (!uri.startsWith('mongodb://')) return undefined
  const expected = /[?&]replicaSet=([^&]*)/i.exec(uri)?.[1]
  const { hosts } = new mongoose.mongo.MongoClient(uri).options
  for (const host of hosts) {
    const uriOfHost = uri
      .replace(/^(mongodb:\/\/(?:[^@/]*@)?)[^/?]*/, `$1${host.toString()}`)
      .replace(/([?&])replicaSet=[^&]*&?/i, '$1')
    const client = new mongoose.mongo.MongoClient(uriOfHost, {
      directConnection: true,
      serverSelectionTimeoutMS: 2_000,
      connectTimeoutMS: 2_000,
    })
    try {
      const hello = await client.db('admin').command({ hello: 1 })
      const problem = problemOf(hello)
      if (problem !== undefined) return `${host} ${problem}`
      const { setName } = hello as { setName?: string }
      if (expected !== undefined && setName !== expected) {
        return `${host} belongs to the replica set ${named(setName)}, but the URI says replicaSet=${named(expected)}`
      }
    } catch {
      // It does not answer: the caller reports the driver's own error.
    } finally {
      await client.close()
    }
  }
  return undefined
}

function describeFailure(error: unknown): string {
  const remedy =
    'Check that the server runs, that it can be reached from here, and that the URI is right'
  return `no connection: ${hidePasswords(reasonOf(error))}. ${remedy}`
}
