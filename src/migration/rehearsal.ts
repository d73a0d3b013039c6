import type { ClientSession, Connection, mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import { inTransaction } from '../transaction.ts'
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
    const advice = 'it was a rehearsal: nothing was kept'
    throw new MigrationFailedError({ migration: file.name, direction }, advice, error)
  }
}

/** Does a migration's work, and counts what its transaction did by the server's replies. */
async function watched(
  connection: Connection,
  { name, session, work }: { name: string; session: ClientSession; work: () => Promise<void> },
): Promise<Record<string, CollectionChanges>> {
  const changes: Record<string, CollectionChanges> = {}
  const collections = new Map<number, string>()
  const strays: string[] = []
  const started = ({ commandName, command, requestId }: mongo.CommandStartedEvent) => {
    if (!WRITES.has(commandName)) return
    const collection = String(command[commandName])
    const lsid = command['lsid'] as { id: mongo.BSON.Binary } | undefined
    const isOurs =
      command['autocommit'] === false && session.id?.id.toString() === lsid?.id.toString()
    if (isOurs) collections.set(requestId, collection)
    else strays.push(`${commandName} on ${collection}`)
  }
  const succeeded = ({ commandName, requestId, reply }: mongo.CommandSucceededEvent) => {
    const collection = collections.get(requestId)
    if (collection === undefined) return
    const counts = (changes[collection] ??= { inserted: 0, matched: 0, modified: 0, deleted: 0 })
    count(counts, commandName, reply as WriteReply)
  }
  const client = connection.getClient()
  client.on('commandStarted', started).on('commandSucceeded', succeeded)
  try {
    await work()
  } finally {
    client.off('commandStarted', started).off('commandSucceeded', succeeded)
  }
  if (strays.length > 0) {
    throw new MigrationStateError(
      `migration ${name} writes outside its transaction (${strays[0]}), which a rehearsal cannot take back: give the session to each operation`,
    )
  }
  return changes
}

const WRITES = new Set(
  'insert update delete findAndModify create drop createIndexes dropIndexes collMod'.split(' '),
)

interface WriteReply {
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
