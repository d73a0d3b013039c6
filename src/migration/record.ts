import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import { databaseOf } from '../mongodb/connection.ts'

/** Which of a migration's two functions runs. */
export type Direction = 'up' | 'down'

/**
 * What a migration's file is compared by. The same migration is developed as TypeScript and may run in
 * production as the JavaScript that `tsc` makes of it. Checksums of the two cannot be compared, so only files
 * of one language are.
 */
export interface MigrationContent {
  readonly language: 'ts' | 'js'
  /** SHA-256 of the source, in hexadecimal, with every line end as LF. */
  readonly checksum: string
}

/**
 * A document of the ledger's collection `migrations`: a migration that was started on this database. A pending
 * migration has none. The name identifies the migration. `language` and `checksum` describe the file that was
 * applied; they are missing if its folder is not compared. A record without a language is from an earlier
 * version, and is not compared either.
 */
export interface MigrationRecord extends Partial<MigrationContent> {
  _id: string
  /**
   * Only a migration outside a transaction is ever `running` (it runs now, or its process was killed) or
   * `failed` (it threw).
   */
  state: 'applied' | 'running' | 'failed'
  direction: Direction
  startedAt: Date
  finishedAt?: Date
  /** The name of the machine on which it ran. */
  host: string
  /** The id of the process that ran it, on that machine. */
  pid: number
  /** The token of the lock under which it ran. */
  token: string
  /** The message of what it threw. */
  error?: string
}

export const recordsOf = (connection: Connection): mongo.Collection<MigrationRecord> =>
  databaseOf(connection).collection<MigrationRecord>(collectionsOf(connection).migrations)

/**
 * All records, by name. Writes nothing.
 * @throws InputError if the collection holds documents of another program
 */
export async function readRecords(connection: Connection): Promise<Map<string, MigrationRecord>> {
  const records = await recordsOf(connection).find({}, { readPreference: 'primary' }).toArray()
  const foreign = records.find(({ _id, state }) => ![_id, state].every(isText))
  if (foreign) {
    const { migrations: name } = collectionsOf(connection)
    throw new InputError(
      `the collection ${quote(name)} holds documents of another program, such as the one with the _id ${quote(foreign._id)}. Give Daybook’s migrations another collection with defineLedger(connection, {"collections":{"migrations":"daybook_migrations"}}), and the same in the file daybook.config.json for the command line`,
    )
  }
  return new Map(records.map((record) => [record._id, record]))
}

const isText = (value: unknown): boolean => typeof value === 'string'

export interface LockOwner {
  readonly host: string
  readonly pid: number
  readonly since: Date
}
