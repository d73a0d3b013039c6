import { named } from '../messages.ts'
import { MigrationStateError } from './errors.ts'
import { type MigrationFile, loadMigration } from './files.ts'
import type { Direction } from './record.ts'
import type { PlannedMigration } from './run.ts'
import { type KnownMigration, migrationNamed } from './status.ts'

/** Which migrations to apply or revert: up to and including `to`, or the next `step` of them. */
export interface MigrationRange {
  readonly to?: string | undefined
  readonly step?: number | undefined
}

/**
 * The pending migrations in the order of their names: all of them, or the range. Loads them all, so that a
 * file that cannot be loaded is found before any migration runs.
 */
export async function planUp(
  migrations: readonly KnownMigration[],
  { to, step }: MigrationRange,
): Promise<PlannedMigration[]> {
  if (to !== undefined) migrationNamed(to, migrations)
  for (const migration of migrations) {
    if (migration.state === 'changed') throw changedError(migration)
  }
  // Whoever has the file finishes a migration that has no file here.
  const unfinished = migrations.filter(({ state, file }) => file && !isApplied(state))
  const chosen = unfinished.filter(({ name }) => to === undefined || name <= to).slice(0, step)
  return await Promise.all(chosen.map((migration) => planOne(migration, 'up')))
}

/** The applied migrations, the latest first: the last one, or the range. */
export async function planDown(
  migrations: readonly KnownMigration[],
  { to, step = to === undefined ? 1 : undefined }: MigrationRange,
): Promise<PlannedMigration[]> {
  if (to !== undefined && to !== '0' && migrationNamed(to, migrations).state === 'pending') {
    throw new MigrationStateError(
      `migration ${named(to)} is not applied, so there is nothing to revert`,
    )
  }
  const chosen = migrations
    .filter(({ state }) => state !== 'pending')
    .toReversed()
    .filter(({ name }) => to === undefined || to === '0' || name >= to)
    .slice(0, step)
  return await Promise.all(chosen.map((migration) => planOne(migration, 'down')))
}

/** Whether there is nothing to apply and nothing wrong. Ignores migrations that have no file here. */
export const isUpToDate = (migrations: readonly KnownMigration[]): boolean =>
  migrations.every(({ state, file }) => state === 'applied' || !file)

const isApplied = (state: KnownMigration['state']): boolean =>
  state === 'applied' || state === 'changed' || state === 'missing'

async function planOne(known: KnownMigration, direction: Direction): Promise<PlannedMigration> {
  if (known.state === 'changed') throw changedError(known)
  const file = requireFile(known)
  const migration = await loadMigration(file)
  if ((known.state === 'running' || known.state === 'failed') && !migration.resumable) {
    throw new MigrationStateError(
      `migration ${named(known.name)} did not finish (${named(known.note)}) and may be half done. Check and repair the database, then run daybook migrate mark ${named(known.name)} --applied or --pending`,
    )
  }
  if (direction === 'down' && !migration.down) {
    throw new MigrationStateError(
      `migration ${named(known.name)} cannot be reverted: ${named(file.path)} has no function down`,
    )
  }
  return { file, migration, direction }
}

const changedError = ({ name, file }: KnownMigration): MigrationStateError =>
  new MigrationStateError(
    `migration ${named(name)} was edited after it was applied (${named(file?.path)}), and it does not run again. Undo the edit and put the change into a new migration, or accept the file as it is with daybook migrate mark ${named(name)} --applied`,
  )

export function requireFile({ name, file }: KnownMigration): MigrationFile {
  if (file) return file
  throw new MigrationStateError(
    `migration ${named(name)} has no file here: name the folder that has it, or use the version of the program that came with it`,
  )
}
