import type { ClientSession, Connection, mongo } from 'mongoose'
import { collectionOf } from './transaction-guard.ts'

/** How many documents of a collection a migration would change. */
export interface CollectionChanges {
  inserted: number
  matched: number
  modified: number
  deleted: number
}

/** Runs a migration's work in a transaction, and counts its changes in each collection from the server's replies. */
export async function countChanges(
  connection: Connection,
  { session, work }: { session: ClientSession; work: () => Promise<void> },
): Promise<Record<string, CollectionChanges>> {
  const changes: Record<string, CollectionChanges> = {}
  /** The collection of each write in the transaction, by the id of its request. */
  const collections = new Map<number, string>()

  const onStarted = (event: mongo.CommandStartedEvent) => {
    const { commandName, command, requestId } = event
    if (WRITES.has(commandName) && isInTransaction(command, session)) {
      collections.set(requestId, collectionOf(event, connection.name))
    }
  }
  const onSucceeded = ({ commandName, requestId, reply }: mongo.CommandSucceededEvent) => {
    const collection = collections.get(requestId)
    if (collection === undefined) return
    const counts = (changes[collection] ??= { inserted: 0, matched: 0, modified: 0, deleted: 0 })
    addReply(counts, commandName, reply as WriteReply)
  }

  const client = connection.getClient()
  client.on('commandStarted', onStarted).on('commandSucceeded', onSucceeded)
  try {
    await work()
  } finally {
    client.off('commandStarted', onStarted).off('commandSucceeded', onSucceeded)
  }
  return changes
}

function isInTransaction(command: mongo.Document, session: ClientSession): boolean {
  const lsid = command['lsid'] as { id: mongo.BSON.Binary } | undefined
  return command['autocommit'] === false && session.id?.id.toString() === lsid?.id.toString()
}

const WRITES = new Set(['insert', 'update', 'delete', 'findAndModify'])

interface WriteReply {
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
