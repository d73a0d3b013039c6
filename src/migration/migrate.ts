import type { Connection } from 'mongoose'
import { type Keys, requireKnownKeys, requireObject } from '../arguments.ts'
import { explainDatabase } from '../mongodb/access.ts'
import { named } from '../messages.ts'
import type { MigrationFolder } from './files.ts'
import { lockOwner, withLock } from './lock.ts'
import type { MigrationSettings } from './migration.ts'
import { type MigrationRange, isUpToDate, planDown, planUp, requireFile } from './plan.ts'
import { type Direction, type LockOwner, recordsOf } from './record.ts'
import { type RehearsedMigration, rehearsePlan } from './rehearsal.ts'
import { type PlannedMigration, type RunOptions, recordOf, runMigration } from './run.ts'
import {
  type KnownMigration,
  type MigrationStatus,
  knownMigrations,
  migrationNamed,
} from './status.ts'

export interface MigrationOptions {
  /** The folder of the migration files, or several. All migrations run in the order of their names. */
  readonly folder: MigrationFolder | readonly MigrationFolder[]
  /** How long to wait while another process migrates, in milliseconds. Default: 30 seconds. */
  readonly lockWait?: number | undefined
  /** Called with a message after each migration, and with the messages of the migrations. */
  readonly log?: ((message: string) => void) | undefined
  readonly settings?: Partial<MigrationSettings> | undefined
  /** Stops a migration at its next safe point. A migration in a transaction is rolled back. */
  readonly signal?: AbortSignal | undefined
}

/** Does the work of `migrate()`, which index.ts documents. */
export async function migrate(
  connection: Connection,
  options: MigrationOptions & MigrationRange,
): Promise<string[]> {
  requireMigrationOptions(options, 'migrate()')
  // Most calls find nothing to do, and do not need the lock for that.
  if (options.to === undefined && isUpToDate(await findMigrations(connection, options))) return []
  return await withMigrationLock(connection, options, async (run) => {
    return await runAll(await planUp(await findMigrations(connection, options), options), run)
  })
}

/** Does the work of `revertMigrations()`, which index.ts documents. */
export async function revertMigrations(
  connection: Connection,
  options: MigrationOptions & MigrationRange,
): Promise<string[]> {
  requireMigrationOptions(options, 'revertMigrations()')
  return await withMigrationLock(connection, options, async (run) => {
    return await runAll(await planDown(await findMigrations(connection, options), options), run)
  })
}

/** Does the work of `redoMigration()`, which index.ts documents. */
export async function redoMigration(
  connection: Connection,
  options: MigrationOptions,
): Promise<string[]> {
  requireMigrationOptions(options, 'redoMigration()')
  return await withMigrationLock(connection, options, async (run) => {
    const plan = await planDown(await findMigrations(connection, options), {})
    await runAll(plan, run)
    const again = plan.map((planned) => ({ ...planned, direction: 'up' as const }))
    return await runAll(again, run)
  })
}

/** Does the work of `rehearseMigrations()`, which index.ts documents. */
export async function rehearseMigrations(
  connection: Connection,
  options: MigrationOptions & MigrationRange & { readonly direction: Direction },
): Promise<RehearsedMigration[]> {
  requireMigrationOptions(options, 'rehearseMigrations()')
  const plan = options.direction === 'up' ? planUp : planDown
  const planned = await plan(await findMigrations(connection, options), options)
  return await rehearsePlan(connection, planned, parametersOf(options))
}

/** Does the work of `markMigration()`, which index.ts documents. */
export async function markMigration(
  connection: Connection,
  name: string,
  options: MigrationOptions & { readonly as: 'applied' | 'pending' },
): Promise<void> {
  requireMigrationOptions(options, 'markMigration()')
  await withMigrationLock(connection, options, async ({ lock }) => {
    const migration = migrationNamed(name, await findMigrations(connection, options))
    const records = recordsOf(connection)
    if (options.as === 'pending') {
      await records.deleteOne({ _id: name })
      return
    }
    const file = requireFile(migration)
    const run = { file, direction: 'up', lock, startedAt: new Date() } as const
    await records.replaceOne({ _id: name }, recordOf(run, 'applied'), { upsert: true })
  })
}

/** Does the work of `migrationStatus()`, which index.ts documents. */
export async function migrationStatus(
  connection: Connection,
  options: Pick<MigrationOptions, 'folder'>,
): Promise<{ migrations: MigrationStatus[]; lock?: LockOwner }> {
  requireMigrationOptions(options, 'migrationStatus()')
  const [migrations, lock] = await Promise.all([
    findMigrations(connection, options),
    lockOwner(connection).catch(explainDatabase(connection)),
  ])
  return {
    migrations: migrations.map(({ file: _file, ...status }) =>
      status.state === 'running' && !lock
        ? { ...status, note: `${status.note}, which ended without finishing it` }
        : status,
    ),
    ...(lock && { lock }),
  }
}

const findMigrations = async (
  connection: Connection,
  { folder }: Pick<MigrationOptions, 'folder'>,
): Promise<KnownMigration[]> =>
  await knownMigrations(connection, [folder].flat()).catch(explainDatabase(connection))

function requireMigrationOptions(options: object, caller: string): void {
  requireObject(options, `the options argument of ${caller}`, 'an object with folder')
  requireKnownKeys<object>(options, MIGRATION_KEYS, `the options argument of ${caller}`)
}

/** The keys of the options of all functions together. */
const MIGRATION_KEYS: Keys<
  MigrationOptions & MigrationRange & { as: unknown; direction: unknown }
> = {
  folder: true,
  as: true,
  direction: true,
  to: true,
  step: true,
  lockWait: true,
  log: true,
  settings: true,
  signal: true,
}

const LOCK_WAIT_MS = 30_000

async function withMigrationLock<Result>(
  connection: Connection,
  options: MigrationOptions,
  work: (run: RunOptions) => Promise<Result>,
): Promise<Result> {
  const { lockWait = LOCK_WAIT_MS, signal } = options
  return await withLock(connection, { wait: lockWait, signal }, async (lock) => {
    return await work({ connection, lock, ...parametersOf(options) })
  }).catch(explainDatabase(connection))
}

const parametersOf = ({ log = () => undefined, settings, signal }: MigrationOptions) => ({
  log,
  options: { currency: 'USD', skipUnadoptable: false, ...settings },
  signal: signal ?? new AbortController().signal,
})

const DONE: Record<Direction, string> = { up: 'applied', down: 'reverted' }

/** Runs planned migrations one after the other, and returns their names. */
async function runAll(plan: readonly PlannedMigration[], options: RunOptions): Promise<string[]> {
  for (const planned of plan) {
    await runMigration(planned, options)
    options.log(`${DONE[planned.direction]} ${named(planned.file.name)}`)
  }
  return plan.map(({ file }) => file.name)
}
