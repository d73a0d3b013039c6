import type { Connection, mongo } from 'mongoose'
import { databaseOf } from '../mongodb/connection.ts'

/** Which of a migration's two functions runs. */
export type Direction = 'up' | 'down'

/** What a database keeps of a migration that was begun on it; of a pending one it keeps nothing. */
export interface MigrationRecord {
  /** The migration's name. */
  _id: string
  /**
   * `running` and `failed` are of migrations outside a transaction alone: one that runs now or was
   * killed, and one that threw.
   */
  state: 'applied' | 'running' | 'failed'
  direction: Direction
  /** Of the file that was applied; see `checksumOf`. */
  checksum: string
  startedAt: Date
  finishedAt?: Date
  /** Where it ran: `host`, and the process's id there. */
  host: string
  pid: number
  /** The lock under which it ran. */
  token: string
  /** What it threw. */
  error?: string
}

export const recordsOf = (connection: Connection): mongo.Collection<MigrationRecord> =>
  databaseOf(connection).collection<MigrationRecord>('migrations')

/** All records, by name. Reads alone. */
export async function readRecords(connection: Connection): Promise<Map<string, MigrationRecord>> {
  const records = await recordsOf(connection).find({}, { readPreference: 'primary' }).toArray()
  return new Map(records.map((record) => [record._id, record]))
}

/** Who migrates a database. */
export interface LockOwner {
  readonly host: string
  readonly pid: number
  readonly since: Date
}
