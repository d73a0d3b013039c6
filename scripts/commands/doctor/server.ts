import type { Connection, mongo } from 'mongoose'
import { collectionsOf, isDriverError, isMissingRight, named } from '../../../src/internal.ts'
import { type Look, ok, problem, warning } from './finding.ts'

/** The kind of the server, its version and its members. */
export async function lookAtServer(connection: Connection): Promise<Look> {
  const admin = adminOf(connection)
  const hello = await admin.command({ hello: 1 })
  const { version } = (await admin.command({ buildInfo: 1 })) as unknown as { version: string }
  if (hello['msg'] === 'isdbgrid') return ok(`MongoDB ${version}, a sharded cluster`)
  const hosts = hello['hosts'] as readonly string[]
  const name = `replica set ${named(hello['setName'])} of ${hosts.length} ${hosts.length === 1 ? 'member' : 'members'}`
  const found = `MongoDB ${version}, ${name}`
  return hello['primary'] === undefined
    ? problem(
        `${found}, but it has no primary: start the members that are down. Two of three, or three of five, elect one`,
      )
    : ok(found)
}

/** Whether the server still writes as an older version did. */
export async function lookAtCompatibility(connection: Connection): Promise<Look> {
  const admin = adminOf(connection)
  const { version } = (await admin.command({ buildInfo: 1 })) as unknown as { version: string }
  const [major = '', minor = ''] = version.split('.')
  const stored = await admin
    .command({ getParameter: 1, featureCompatibilityVersion: 1 })
    .catch((error: unknown) => {
      // A mongos, MongoDB Atlas and a server with access control do not tell everyone.
      if (isDriverError(error, 'MongoServerError')) return undefined
      throw error
    })
  const { version: compatible } = (stored?.['featureCompatibilityVersion'] ?? {}) as {
    version?: string
  }
  if (compatible === undefined) return ok('this user may not read it')
  const current = `${major}.${minor}`
  if (compatible === current) return ok(compatible)
  const confirm = Number(major) >= 7 ? ', confirm: true' : ''
  return warning(
    `${compatible}, although the server is ${current}. Once no older version will be needed, run in mongosh: db.adminCommand({ setFeatureCompatibilityVersion: ${JSON.stringify(current)}${confirm} })`,
  )
}

/** How far the clocks may be apart, in milliseconds, before it is worth a word. */
const LARGEST_DIFFERENCE_MS = 2_000

/** The server's clock, which decides when transfers were posted and holds expire, against this machine's. */
export async function lookAtClock(connection: Connection): Promise<Look> {
  const sentAt = Date.now()
  const { localTime } = (await adminOf(connection).command({ hello: 1 })) as unknown as {
    localTime: Date
  }
  return compareClocks({ sentAt, receivedAt: Date.now(), serverTime: localTime.getTime() })
}

/** Compares the time of a reply with those when it was asked for and came, all in milliseconds. */
export function compareClocks(times: {
  readonly sentAt: number
  readonly receivedAt: number
  readonly serverTime: number
}): Look {
  const { sentAt, receivedAt, serverTime } = times
  const ahead = serverTime > receivedAt ? serverTime - receivedAt : Math.min(serverTime - sentAt, 0)
  const seconds = `${(Math.abs(ahead) / 1000).toFixed(1)} s`
  if (Math.abs(ahead) < LARGEST_DIFFERENCE_MS) {
    return ok(`the same as here; a round trip takes ${receivedAt - sentAt} ms`)
  }
  return warning(
    `the server is ${seconds} ${ahead > 0 ? 'ahead of' : 'behind'} this machine. Holds expire and transfers are dated by the server’s clock: set both clocks by a time service (NTP)`,
  )
}

/** How long a majority of the members may take, in milliseconds. */
const LONGEST_ACKNOWLEDGEMENT_MS = 5_000

/** Whether a majority of the members acknowledges what is written. An update of no account changes nothing, and waits for them. */
export async function lookAtMajority(connection: Connection): Promise<Look> {
  const { accounts } = collectionsOf(connection)
  try {
    await connection
      .collection(accounts)
      .updateMany(
        { _id: { $in: [] } },
        { $set: { updatedAt: new Date() } },
        { writeConcern: { w: 'majority', wtimeoutMS: LONGEST_ACKNOWLEDGEMENT_MS } },
      )
    return ok('a majority of the members acknowledges writes')
  } catch (error) {
    // The look at the rights says which are missing.
    if (isMissingRight(error)) return ok('unknown, because this user may not write')
    if (!isDriverError(error, 'MongoWriteConcernError')) throw error
    return problem(
      `no majority of the members acknowledges a write within ${LONGEST_ACKNOWLEDGEMENT_MS / 1000} s, so nothing can be posted: ${error.message}. Start the members that are down`,
    )
  }
}

const adminOf = (connection: Connection): mongo.Db => connection.getClient().db('admin')
