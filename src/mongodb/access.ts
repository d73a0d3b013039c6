import type { Connection, mongo } from 'mongoose'
import { isDriverError } from './driver-errors.ts'
import { DatabaseError } from '../errors.ts'
import { quote } from '../messages.ts'
import { isPassing } from './passing-errors.ts'
import {
  type Privilege,
  type Right,
  commandNamedIn,
  hasRight,
  rightsNamedIn,
} from './refused-command.ts'

const UNAUTHORIZED = 13
const AUTHENTICATION_FAILED = 18
/** The code of every error that MongoDB Atlas adds to those of the server. */
const ATLAS_ERROR = 8000

/** Whether the server does not accept the user and the password of a connection. */
export const isWrongPassword = (error: unknown): error is mongo.MongoServerError =>
  isDriverError(error, 'MongoServerError') &&
  (error.code === AUTHENTICATION_FAILED ||
    (error.code === ATLAS_ERROR && /auth(?:entication)? failed|bad auth/i.test(error.message)))

/** Whether the server refuses a command because the user lacks a right, or because there is no user. */
export const isMissingRight = (error: unknown): error is mongo.MongoServerError =>
  isDriverError(error, 'MongoServerError') &&
  (error.code === UNAUTHORIZED ||
    (error.code === ATLAS_ERROR && rightsNamedIn(error.message).length > 0))

/** What is wrong with the user of a client, as a sentence without the password. */
export function wrongPasswordProblem(client: mongo.MongoClient): string {
  const { username = '', source = '' } = client.options.credentials ?? {}
  return `authentication failed: the database ${quote(source)} (authSource) has no user ${quote(username)}, or the password is wrong. Check the user and the password in the URI. If the user belongs to another database, add its name, such as authSource=admin`
}

/** What is wrong if a server wants a user and a client has none. */
export const NO_USER =
  'the server requires a user, but the URI names none: write mongodb://USER:PASSWORD@HOST/DATABASE?authSource=admin'

/**
 * For `catch` where a call ends: throws the error, as a sentence if the server refused the user. It is not for the
 * callback of a transaction, which the driver's errors leave as they are.
 * @throws DatabaseError that says which right is missing or that the password is wrong, and what to do. Its cause is
 * the driver's error
 */
export const explainAccess =
  (connection: Connection) =>
  async (error: unknown): Promise<never> => {
    throw await explainedAccess(error, connection)
  }

/**
 * {@link explainAccess} for a call that can be repeated as a whole: makes one kind of error of all that the driver throws.
 * @throws DatabaseError with the driver's error as its cause, or the error if it is not one of the driver
 */
export const explainDatabase =
  (connection: Connection) =>
  async (thrown: unknown): Promise<never> => {
    const error = await explainedAccess(thrown, connection)
    if (!isDriverError(error, 'MongoError')) throw error
    const advice = isPassing(error) ? 'Try again' : 'Correct the cause, then try again'
    throw new DatabaseError(`MongoDB: ${error.message}. ${advice}`, { cause: error })
  }

/** The error that {@link explainAccess} throws. */
export async function explainedAccess(thrown: unknown, connection: Connection): Promise<unknown> {
  const problem = await accessProblem(thrown, connection)
  return problem === undefined ? thrown : new DatabaseError(problem, { cause: thrown })
}

async function accessProblem(thrown: unknown, connection: Connection): Promise<string | undefined> {
  if (isWrongPassword(thrown)) return wrongPasswordProblem(connection.getClient())
  if (!isMissingRight(thrown)) return undefined
  // If the server does not answer, its own words are all there is.
  return await missingRightProblem(thrown.message, connection).catch(() => undefined)
}

interface User {
  readonly user: string
  readonly db: string
}

async function missingRightProblem(
  message: string,
  connection: Connection,
): Promise<string | undefined> {
  const { user, privileges } = await authenticationOf(connection)
  if (!user) return message.includes('requires authentication') ? NO_USER : undefined
  const needed = rightsNamedIn(message)
  const missing = needed.filter((right) => !hasRight(privileges, right))
  const rights = missing.length > 0 ? missing : needed
  const what =
    rights.length > 0
      ? describeRights(rights)
      : `the right to run the command ${commandNamedIn(message) ?? quote(message)}`
  return describeLack(user, what, rights)
}

/**
 * Which of some rights the user of a connection lacks, and how to grant them, as a sentence. Undefined if it lacks none, or
 * if the server has no access control.
 */
export async function lackOfRights(
  connection: Connection,
  needed: readonly Right[],
): Promise<string | undefined> {
  const { user, privileges } = await authenticationOf(connection)
  const missing = needed.filter((right) => !hasRight(privileges, right))
  return user && missing.length > 0
    ? describeLack(user, describeRights(missing), missing)
    : undefined
}

function describeLack(user: User, what: string, rights: readonly Right[]): string {
  const roles = [...new Set(rights.map(roleWith))].join(', ')
  const grant = `db.getSiblingDB(${JSON.stringify(user.db)}).grantRolesToUser(${JSON.stringify(user.user)}, [${roles}])`
  return `the database user ${quote(user.user)} of ${quote(user.db)} lacks ${what}. Whoever administers the users can grant it in mongosh: ${grant} (in MongoDB Atlas: under Database Access). docs/rights.md lists what each command needs`
}

/** The rights as a phrase. Those of one namespace come together. */
function describeRights(rights: readonly Right[]): string {
  const actions = new Map<string, string[]>()
  for (const { action, database, collection } of rights) {
    const namespace =
      collection === '' ? `the database ${quote(database)}` : quote(`${database}.${collection}`)
    actions.set(namespace, [...(actions.get(namespace) ?? []), action])
  }
  return [...actions]
    .map(([namespace, all]) => `the right to ${all.join(' and ')} on ${namespace}`)
    .join(' and ')
}

const READING: ReadonlySet<string> = new Set(['find', 'listCollections', 'listIndexes'])
const ADMINISTERING: ReadonlySet<string> = new Set(['collMod', 'bypassDocumentValidation'])

/** The lowest of MongoDB's own roles that has a right, as mongosh reads it. */
function roleWith({ action, database }: Right): string {
  const role = READING.has(action) ? 'read' : ADMINISTERING.has(action) ? 'dbAdmin' : 'readWrite'
  return `{ role: "${role}", db: ${JSON.stringify(database)} }`
}

/** Who a connection's user is, if it has one, and what it may do. Every user may ask that. */
export async function authenticationOf(
  connection: Connection,
): Promise<{ user: User | undefined; privileges: readonly Privilege[] }> {
  const { authInfo } = (await connection
    .getClient()
    .db('admin')
    .command({ connectionStatus: 1, showPrivileges: true })) as {
    authInfo: {
      authenticatedUsers: User[]
      authenticatedUserPrivileges: Privilege[]
    }
  }
  return { user: authInfo.authenticatedUsers[0], privileges: authInfo.authenticatedUserPrivileges }
}
