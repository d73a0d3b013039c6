import { MigrationStateError } from './errors.ts'
import { type MigrationFile, loadMigration } from './files.ts'
import type { Direction } from './record.ts'
import type { Step } from './run.ts'
import { type KnownMigration, migrationNamed } from './status.ts'

interface Range {
  readonly to?: string | undefined
  readonly step?: number | undefined
}

/**
 * What is pending, in the order of the names. All of it is loaded, so that a file that cannot be is
 * found before any is run.
 */
export async function planUp(
  migrations: readonly KnownMigration[],
  { to, step }: Range,
): Promise<Step[]> {
  if (to !== undefined) migrationNamed(to, migrations)
  for (const migration of migrations) {
    if (migration.state === 'changed') refuseChanged(migration)
  }
  // One that has no file here is for whoever has it.
  const unfinished = migrations.filter(({ state, file }) => file && !isApplied(state))
  const chosen = unfinished.filter(({ name }) => to === undefined || name <= to).slice(0, step)
  return await Promise.all(chosen.map((migration) => stepOf(migration, 'up')))
}

/** What is applied, the latest first: the last one unless the range says more. */
export async function planDown(
  migrations: readonly KnownMigration[],
  { to, step = to === undefined ? 1 : undefined }: Range,
): Promise<Step[]> {
  const begun = migrations.filter(({ state }) => state !== 'pending').toReversed()
  if (to !== undefined && to !== '0' && migrationNamed(to, migrations).state === 'pending') {
    throw new MigrationStateError(`migration ${to} is not applied, so there is nothing to revert`)
  }
  const chosen = begun
    .filter(({ name }) => to === undefined || to === '0' || name >= to)
    .slice(0, step)
  return await Promise.all(chosen.map((migration) => stepOf(migration, 'down')))
}

/** Whether there is nothing to apply, and nothing wrong. What has no file here is for whoever has it. */
export const isUpToDate = (migrations: readonly KnownMigration[]): boolean =>
  migrations.every(({ state, file }) => state === 'applied' || !file)

const isApplied = (state: KnownMigration['state']): boolean =>
  state === 'applied' || state === 'changed' || state === 'missing'

async function stepOf(known: KnownMigration, direction: Direction): Promise<Step> {
  if (known.state === 'changed') refuseChanged(known)
  const file = requireFile(known)
  const migration = await loadMigration(file)
  if ((known.state === 'running' || known.state === 'failed') && !migration.resumable) {
    throw new MigrationStateError(
      `migration ${known.name} did not end (${known.note}) and may be half done: look, put it right, then daybook migrate mark ${known.name} --applied or --pending`,
    )
  }
  if (direction === 'down' && !migration.down) {
    throw new MigrationStateError(
      `migration ${known.name} cannot be reverted: ${file.path} has no function down`,
    )
  }
  return { file, migration, direction }
}

function refuseChanged({ name, file }: KnownMigration): never {
  throw new MigrationStateError(
    `migration ${name} was edited after it was applied (${file?.path}), and never runs again by itself: undo the edit and write a new migration (daybook migrate create), or accept the file as it is with daybook migrate mark ${name} --applied`,
  )
}

/** The file of a migration that has one. */
export function requireFile({ name, file }: KnownMigration): MigrationFile {
  if (file) return file
  throw new MigrationStateError(
    `migration ${name} has no file here: look for it in its version of the program, or give its folder`,
  )
}
