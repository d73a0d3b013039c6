import type { Connection } from 'mongoose'
import { differs } from './checksum.ts'
import { MigrationStateError } from './errors.ts'
import { type MigrationFile, migrationFiles } from './files.ts'
import { type MigrationRecord, readRecords } from './record.ts'

/**
 * How a migration stands: `changed` was applied, and its file is another by now; `missing` was applied,
 * and has no file here; `running` runs outside a transaction, or was killed there; `failed` threw there.
 */
export type MigrationState = 'pending' | 'applied' | 'changed' | 'missing' | 'running' | 'failed'

export interface MigrationStatus {
  readonly name: string
  readonly state: MigrationState
  /** When it was applied, or began to run. */
  readonly at?: Date
  /** What it threw, and what to do about a state that stops others. */
  readonly note?: string
}

/** A migration with what its status was told from. */
export interface KnownMigration extends MigrationStatus {
  readonly file?: MigrationFile
  readonly record?: MigrationRecord
}

/** The migrations of the folders and of the database, in their order. Reads alone. */
export async function knownMigrations(
  connection: Connection,
  folders: readonly string[],
): Promise<KnownMigration[]> {
  const [files, records] = await Promise.all([migrationFiles(folders), readRecords(connection)])
  const names = [...new Set([...files.map(({ name }) => name), ...records.keys()])].toSorted()
  const fileOf = new Map(files.map((file) => [file.name, file]))
  return names.map((name) => statusOf(name, fileOf.get(name), records.get(name)))
}

function statusOf(name: string, file?: MigrationFile, record?: MigrationRecord): KnownMigration {
  const known = { name, ...(file && { file }), ...(record && { record }) }
  if (!record) return { ...known, state: 'pending' }
  const at = record.finishedAt ?? record.startedAt
  if (record.state === 'running') {
    const note = `${record.direction}, begun by process ${record.pid} on ${record.host}`
    return { ...known, state: 'running', at, note }
  }
  if (record.state === 'failed') {
    return { ...known, state: 'failed', at, note: `${record.direction}: ${record.error}` }
  }
  if (!file) return { ...known, state: 'missing', at, note: 'it has no file here' }
  return differs(record.checksum, file.checksum)
    ? { ...known, state: 'changed', at, note: 'its file is not the one that was applied' }
    : { ...known, state: 'applied', at }
}

/** The migration of this name. */
export function migrationNamed<Migration extends MigrationStatus>(
  name: string,
  migrations: readonly Migration[],
): Migration {
  const found = migrations.find((migration) => migration.name === name)
  if (found) return found
  const names = migrations.map((migration) => migration.name).join(', ')
  throw new MigrationStateError(`there is no migration ${name}: expected one of ${names || 'none'}`)
}
