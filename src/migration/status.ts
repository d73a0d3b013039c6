import type { Connection } from 'mongoose'
import { didYouMean } from '../arguments.ts'
import { named } from '../messages.ts'
import { MigrationStateError } from './errors.ts'
import { type MigrationFile, type MigrationFolder, migrationFiles } from './files.ts'
import { type MigrationRecord, readRecords } from './record.ts'

/**
 * The state of a migration. `changed`: it was applied, and its file was edited since. `missing`: it was
 * applied, and has no file here. `running`: it runs outside a transaction, or its process was killed there.
 * `failed`: it threw there.
 */
export type MigrationState = 'pending' | 'applied' | 'changed' | 'missing' | 'running' | 'failed'

export interface MigrationStatus {
  readonly name: string
  readonly state: MigrationState
  /** When it was applied, or when it started if it has not finished. */
  readonly at?: Date
  /** Details, such as what it threw. */
  readonly note?: string
}

/** A migration's status, with its file if there is one here. */
export interface KnownMigration extends MigrationStatus {
  readonly file?: MigrationFile
}

/** All migrations in the folders or recorded in the database, in the order of their names. Writes nothing. */
export async function knownMigrations(
  connection: Connection,
  folders: readonly MigrationFolder[],
): Promise<KnownMigration[]> {
  const [files, records] = await Promise.all([migrationFiles(folders), readRecords(connection)])
  const names = [...new Set([...files.map(({ name }) => name), ...records.keys()])].toSorted()
  const fileOf = new Map(files.map((file) => [file.name, file]))
  return names.map((name) => statusOf(name, fileOf.get(name), records.get(name)))
}

function statusOf(name: string, file?: MigrationFile, record?: MigrationRecord): KnownMigration {
  const known = { name, ...(file && { file }) }
  if (!record) return { ...known, state: 'pending' }
  const at = record.finishedAt ?? record.startedAt
  if (record.state === 'running') {
    const note = `${record.direction}, started by process ${record.pid} on ${named(record.host)}`
    return { ...known, state: 'running', at, note }
  }
  if (record.state === 'failed') {
    return { ...known, state: 'failed', at, note: `${record.direction}: ${record.error}` }
  }
  if (!file) return { ...known, state: 'missing', at, note: 'it has no file here' }
  return isEdited(file, record)
    ? { ...known, state: 'changed', at, note: 'its file is not the one that was applied' }
    : { ...known, state: 'applied', at }
}

/** Whether a file differs from the one that was applied, as far as the two can be compared. */
const isEdited = ({ content }: MigrationFile, record: MigrationRecord): boolean =>
  content !== undefined &&
  content.language === record.language &&
  content.checksum !== record.checksum

/** @throws MigrationStateError if there is none of this name */
export function migrationNamed<Migration extends MigrationStatus>(
  name: string,
  migrations: readonly Migration[],
): Migration {
  const found = migrations.find((migration) => migration.name === name)
  if (found) return found
  const names = migrations.map((migration) => named(migration.name)).join(', ')
  const meant = didYouMean(
    name,
    migrations.map((migration) => migration.name),
  )
  throw new MigrationStateError(
    `there is no migration ${named(name)}: expected one of ${names || 'none'}${meant}`,
  )
}
