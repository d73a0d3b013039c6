import type { Connection } from 'mongoose'
import { waitUntilOpen } from '../mongodb/connection.ts'
import type { MigrationOptions } from './migrate.ts'
import type { MigrationRange } from './plan.ts'
import type { Direction, LockOwner } from './record.ts'
import type { RehearsedMigration } from './rehearsal.ts'
import type { MigrationStatus } from './status.ts'

// What migrates is loaded at the first call.

/**
 * Applies the pending migrations in the order of their names: all of them, or the range. Each migration is
 * applied once, even if several processes call this at the same time. Returns the names of those that this
 * call applied.
 * @throws MigrationStateError if an applied migration was edited, or an earlier one did not finish
 * @throws MigrationLockedError if another process migrates for longer than `lockWait`
 * @throws MigrationFailedError if a migration throws
 * @throws DatabaseError if the database does not do it, or the user lacks a right
 * @example
 * const applied = await migrate(connection, { folder: 'migrations', log: console.log })
 */
export async function migrate(
  connection: Connection,
  options: MigrationOptions & MigrationRange,
): Promise<string[]> {
  const module = await import('./migrate.ts')
  await waitUntilOpen(connection)
  return await module.migrate(connection, options)
}

/**
 * Reverts applied migrations, the latest first: the last one, or the range. `to: '0'` reverts all of them.
 * Returns the names of those that it reverted.
 * @throws the same errors as {@link migrate}, and MigrationStateError if one cannot be reverted: then none is
 * @example
 * await revertMigrations(connection, { folder: 'migrations', step: 2 })
 */
export async function revertMigrations(
  connection: Connection,
  options: MigrationOptions & MigrationRange,
): Promise<string[]> {
  const module = await import('./migrate.ts')
  await waitUntilOpen(connection)
  return await module.revertMigrations(connection, options)
}

/**
 * Reverts the last of the applied migrations by name and applies it again, but no other. Returns its name.
 * @throws the same errors as {@link revertMigrations}
 * @example
 * await redoMigration(connection, { folder: 'migrations' })
 */
export async function redoMigration(
  connection: Connection,
  options: MigrationOptions,
): Promise<string[]> {
  const module = await import('./migrate.ts')
  await waitUntilOpen(connection)
  return await module.redoMigration(connection, options)
}

/**
 * Reports what {@link migrate} or {@link revertMigrations} would do, by doing it in a transaction that is
 * rolled back. Open the connection with `monitorCommands: true`, so that the changes can be counted.
 * @example
 * const monitored = await mongoose.createConnection(uri, { monitorCommands: true }).asPromise()
 * console.log(await rehearseMigrations(monitored, { folder: 'migrations', direction: 'up' }))
 */
export async function rehearseMigrations(
  connection: Connection,
  options: MigrationOptions & MigrationRange & { readonly direction: Direction },
): Promise<RehearsedMigration[]> {
  const module = await import('./migrate.ts')
  await waitUntilOpen(connection)
  return await module.rehearseMigrations(connection, options)
}

/**
 * Records a migration as applied, with its file as it is now, or as pending. Does not run it. Use it after a
 * migration failed half-way and you repaired the database, or to accept an edited file.
 * @example
 * await markMigration(connection, '20260101000000-index-tenants', { folder: 'migrations', as: 'applied' })
 */
export async function markMigration(
  connection: Connection,
  name: string,
  options: MigrationOptions & { readonly as: 'applied' | 'pending' },
): Promise<void> {
  const module = await import('./migrate.ts')
  await waitUntilOpen(connection)
  return await module.markMigration(connection, name, options)
}

/**
 * The status of all migrations, and the process that migrates now. Writes nothing.
 * @example
 * const { migrations } = await migrationStatus(connection, { folder: 'migrations' })
 * if (migrations.some(({ state }) => state === 'pending')) console.log('run daybook migrate up')
 */
export async function migrationStatus(
  connection: Connection,
  options: Pick<MigrationOptions, 'folder'>,
): Promise<{ migrations: MigrationStatus[]; lock?: LockOwner }> {
  const module = await import('./migrate.ts')
  await waitUntilOpen(connection)
  return await module.migrationStatus(connection, options)
}

/**
 * Takes the migration lock away from the process that holds it and returns that process, or undefined if
 * none holds it.
 * @throws MigrationLockedError if that process may be alive, unless `force` is set
 * @example
 * const owner = await breakMigrationLock(connection)
 * if (owner) console.log('the lock was left by a process that has ended')
 */
export async function breakMigrationLock(
  connection: Connection,
  options?: { force?: boolean },
): Promise<LockOwner | undefined> {
  const module = await import('./lock.ts')
  await waitUntilOpen(connection)
  return await module.breakMigrationLock(connection, options)
}
