import type { ClientSession, Connection, mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import { inTransaction } from '../mongodb/transaction.ts'
import { MigrationFailedError, MigrationStateError } from './errors.ts'
import { type MigrationParameters, callMigration } from './migration.ts'
import type { Direction } from './record.ts'
import type { Step } from './run.ts'

/** What a migration would do to the documents of a collection. */
export interface CollectionChanges {
  inserted: number
  matched: number
  modified: number
  deleted: number
}

/** What a migration would do; without `changes` it is outside a transaction and cannot be rehearsed. */
export interface RehearsedMigration {
  readonly name: string
  readonly direction: Direction
  readonly changes?: Readonly<Record<string, CollectionChanges>>
}

/** Ends the transaction of a rehearsal. */
class Rehearsed extends Error {}

/**
 * Runs migrations one after the other in one transaction that is rolled back, and tells what they did.
 * Those outside a transaction are left out, with all that they would have done for the later ones.
 */
export async function rehearse(
  connection: Connection,
  steps: readonly Step[],
  parameters: Omit<MigrationParameters, 'connection' | 'session'>,
): Promise<RehearsedMigration[]> {
  if (!connection.getClient().options.monitorCommands) {
    throw new TypeError(
      'a rehearsal counts what is written by command monitoring: open the connection with monitorCommands: true',
    )
  }
  let rehearsed: RehearsedMigration[] = []
  let current: Step | undefined
  try {
    return await inTransaction(connection, async ({ session }) => {
      rehearsed = []
      for (current of steps) {
        const { file, migration, direction } = current
        const step = { name: file.name, direction }
        if (migration.transaction === false) rehearsed.push(step)
        else {
          const work = () =>
            callMigration({ migration, direction }, { connection, session, ...parameters })
          rehearsed.push({
            ...step,
            changes: await watched(connection, { name: file.name, session, work }),
          })
        }
      }
      throw new Rehearsed()
    })
  } catch (error) {
    if (error instanceof Rehearsed) return rehearsed
    if (error instanceof InputError || !current) throw error
    const { file, direction } = current
    const advice = 'it was a rehearsal: nothing was written'
    throw new MigrationFailedError({ migration: file.name, direction }, advice, error)
  }
}

/**
 * Does a migration's work, and counts what its transaction did by the server's replies. What no rollback would
 * take back is not sent: the driver tells of each command right before it sends it, and an error ends it there.
 */
async function watched(
  connection: Connection,
  { name, session, work }: { name: string; session: ClientSession; work: () => Promise<void> },
): Promise<Record<string, CollectionChanges>> {
  const changes: Record<string, CollectionChanges> = {}
  const collections = new Map<number, string>()
  let stray: MigrationStateError | undefined
  let failure: string | undefined
  const started = ({
    commandName,
    command,
    databaseName,
    requestId,
  }: mongo.CommandStartedEvent) => {
    const target: unknown = command[commandName]
    const collection =
      typeof target !== 'string'
        ? databaseName
        : databaseName === connection.name
          ? target
          : `${databaseName}.${target}`
    const lsid = command['lsid'] as { id: mongo.BSON.Binary } | undefined
    const isOurs =
      command['autocommit'] === false && session.id?.id.toString() === lsid?.id.toString()
    if (isOurs) {
      if (WRITES.has(commandName)) collections.set(requestId, collection)
    } else if (!isRead(commandName, command)) {
      stray ??= new MigrationStateError(
        `migration ${name} writes outside its transaction (${commandName} on ${collection}), which a rehearsal cannot take back, so it was not sent: give the session to each operation, or leave the transaction out with "export const transaction = false"`,
      )
      throw stray
    }
  }
  const succeeded = ({ commandName, requestId, reply }: mongo.CommandSucceededEvent) => {
    const collection = collections.get(requestId)
    if (collection === undefined) return
    const { writeErrors: [error] = [] } = reply as WriteReply
    failure ??= error?.errmsg
    const counts = (changes[collection] ??= { inserted: 0, matched: 0, modified: 0, deleted: 0 })
    count(counts, commandName, reply as WriteReply)
  }
  const hasFailed = (event: mongo.CommandFailedEvent) => {
    if (collections.has(event.requestId)) failure ??= event.failure.message
  }
  const client = connection.getClient()
  client.on('commandStarted', started)
  client.on('commandSucceeded', succeeded).on('commandFailed', hasFailed)
  try {
    await work()
  } catch (error) {
    throw stray ?? error
  } finally {
    client.off('commandStarted', started)
    client.off('commandSucceeded', succeeded).off('commandFailed', hasFailed)
  }
  if (stray) throw stray
  if (failure !== undefined) {
    throw new MigrationStateError(
      `migration ${name} goes on after a write that failed (${failure}), which has ended its transaction: look before it writes, so that none fails`,
    )
  }
  return changes
}

const WRITES = new Set(['insert', 'update', 'delete', 'findAndModify'])

const READS = new Set(
  'find aggregate count distinct getMore killCursors listCollections listIndexes listDatabases explain collStats dbStats serverStatus hello ping endSessions'.split(
    ' ',
  ),
)

/** Whether a command changes nothing. Of an aggregation its last stage tells. */
function isRead(commandName: string, { pipeline }: mongo.Document): boolean {
  const [last] = Array.isArray(pipeline) ? (pipeline as object[]).slice(-1) : []
  const writes = last && ('$out' in last || '$merge' in last)
  return READS.has(commandName) && !writes
}

interface WriteReply {
  writeErrors?: readonly { errmsg: string }[]
  n?: number
  nModified?: number
  upserted?: unknown[]
  lastErrorObject?: { n: number; updatedExisting?: boolean }
}

function count(counts: CollectionChanges, commandName: string, reply: WriteReply): void {
  const { n = 0, nModified = 0, upserted = [], lastErrorObject: one } = reply
  if (commandName === 'insert') counts.inserted += n
  else if (commandName === 'delete') counts.deleted += n
  else if (commandName === 'update') {
    counts.inserted += upserted.length
    counts.matched += n - upserted.length
    counts.modified += nModified
  } else if (one?.updatedExisting === undefined) counts.deleted += one?.n ?? 0
  else if (one.updatedExisting) {
    counts.matched += one.n
    counts.modified += one.n
  } else counts.inserted += one.n
}
