import type { ClientSession, Connection, mongo } from 'mongoose'
import { named } from '../messages.ts'
import { MigrationStateError } from './errors.ts'

/** How many documents of a collection a migration would change. */
export interface CollectionChanges {
  inserted: number
  matched: number
  modified: number
  deleted: number
}

/**
 * Runs a migration's work in a transaction, and counts its changes in each collection from the server's
 * replies. A write outside the transaction could not be rolled back, so it is not sent: the driver reports
 * each command right before it sends it, and an error thrown at that moment stops it.
 * @throws MigrationStateError if it writes outside the transaction, or continues after a failed write
 */
export async function countChanges(
  connection: Connection,
  { name, session, work }: { name: string; session: ClientSession; work: () => Promise<void> },
): Promise<Record<string, CollectionChanges>> {
  const changes: Record<string, CollectionChanges> = {}
  /** The collection of each write in the transaction, by the id of its request. */
  const collections = new Map<number, string>()
  let outsideWrite: MigrationStateError | undefined
  let failedWrite: string | undefined

  const onStarted = (event: mongo.CommandStartedEvent) => {
    const { commandName, command, requestId } = event
    const collection = collectionOf(event, connection.name)
    if (isInTransaction(command, session)) {
      if (WRITES.has(commandName)) collections.set(requestId, collection)
    } else if (!isRead(commandName, command)) {
      outsideWrite ??= new MigrationStateError(
        `migration ${named(name)} writes outside its transaction (${commandName} on ${named(collection)}). A rehearsal could not roll that back, so it was not sent. Pass the session to each operation, or add "export const transaction = false" to the file`,
      )
      throw outsideWrite
    }
  }
  const onSucceeded = ({ commandName, requestId, reply }: mongo.CommandSucceededEvent) => {
    const collection = collections.get(requestId)
    if (collection === undefined) return
    const { writeErrors: [error] = [] } = reply as WriteReply
    failedWrite ??= error?.errmsg
    const counts = (changes[collection] ??= { inserted: 0, matched: 0, modified: 0, deleted: 0 })
    addReply(counts, commandName, reply as WriteReply)
  }
  const onFailed = ({ requestId, failure }: mongo.CommandFailedEvent) => {
    if (collections.has(requestId)) failedWrite ??= failure.message
  }

  const client = connection.getClient()
  client.on('commandStarted', onStarted)
  client.on('commandSucceeded', onSucceeded).on('commandFailed', onFailed)
  try {
    await work()
  } catch (error) {
    throw outsideWrite ?? error
  } finally {
    client.off('commandStarted', onStarted)
    client.off('commandSucceeded', onSucceeded).off('commandFailed', onFailed)
  }
  if (outsideWrite) throw outsideWrite
  if (failedWrite !== undefined) {
    throw new MigrationStateError(
      `migration ${named(name)} continues after a failed write (${named(failedWrite)}), but that write has ended its transaction. Check before writing, so that no write fails`,
    )
  }
  return changes
}

/** The collection of a command, or its database if it has no collection: for example `log` or `other.log`. */
function collectionOf(
  { commandName, command, databaseName }: mongo.CommandStartedEvent,
  connected: string,
): string {
  const target: unknown = command[commandName]
  if (typeof target !== 'string') return databaseName
  return databaseName === connected ? target : `${databaseName}.${target}`
}

function isInTransaction(command: mongo.Document, session: ClientSession): boolean {
  const lsid = command['lsid'] as { id: mongo.BSON.Binary } | undefined
  return command['autocommit'] === false && session.id?.id.toString() === lsid?.id.toString()
}

const WRITES = new Set(['insert', 'update', 'delete', 'findAndModify'])

const READS = new Set(
  'find aggregate count distinct getMore killCursors listCollections listIndexes listDatabases explain collStats dbStats serverStatus hello ping endSessions'.split(
    ' ',
  ),
)

/** Whether a command changes nothing. An aggregation writes if its last stage does. */
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
  /** Only in the reply to findAndModify. */
  lastErrorObject?: { n: number; updatedExisting?: boolean }
}

function addReply(counts: CollectionChanges, commandName: string, reply: WriteReply): void {
  const { n = 0, nModified = 0, upserted = [], lastErrorObject: found } = reply
  if (commandName === 'insert') counts.inserted += n
  else if (commandName === 'delete') counts.deleted += n
  else if (commandName === 'update') {
    counts.inserted += upserted.length
    counts.matched += n - upserted.length
    counts.modified += nModified
  } else if (found?.updatedExisting === undefined) counts.deleted += found?.n ?? 0
  else if (found.updatedExisting) {
    counts.matched += found.n
    counts.modified += found.n
  } else counts.inserted += found.n
}
