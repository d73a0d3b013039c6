import type { Connection } from 'mongoose'
import type { MigrationFolder } from './files.ts'
import { lockOwner, underLock } from './lock.ts'
import type { MigrationSettings } from './migration.ts'
import { isUpToDate, planDown, planUp, requireFile } from './plan.ts'
import { type Direction, type LockOwner, recordsOf } from './record.ts'
import { type RehearsedMigration, rehearse } from './rehearsal.ts'
import { type RunOptions, type Step, runMigration } from './run.ts'
import {
  type KnownMigration,
  type MigrationStatus,
  knownMigrations,
  migrationNamed,
} from './status.ts'

export interface MigrationOptions {
  /** The folder of the migration files, or several. They run in the order of their names. */
  readonly folder: MigrationFolder | readonly MigrationFolder[]
  /** How long to wait while another process migrates, in milliseconds: 30 seconds, unless given. */
  readonly lockWait?: number | undefined
  /** Is told of each migration that is done, and what migrations say of themselves. */
  readonly log?: ((message: string) => void) | undefined
  readonly settings?: Partial<MigrationSettings> | undefined
  /** Ends a migration at its next safe point; one in a transaction is taken back. */
  readonly signal?: AbortSignal | undefined
}

/** Which migrations: up to one and with it, or so many. */
export type MigrationRange = {
  readonly to?: string | undefined
  readonly step?: number | undefined
}

/**
 * Applies what is pending, in the order of the names: all of it, or the range. However many processes
 * do so at once, each migration is applied once. Gives the names of those that this call applied.
 * @throws MigrationStateError where an applied one was edited, or an earlier one did not end; MigrationLockedError;
 * MigrationFailedError
 */
export async function migrate(
  connection: Connection,
  options: MigrationOptions & MigrationRange,
): Promise<string[]> {
  // Most calls find nothing to do, and need no lock to find it.
  if (options.to === undefined && isUpToDate(await known(connection, options))) return []
  return await underMigrationLock(connection, options, async (run) => {
    return await carryOut(await planUp(await known(connection, options), options), run)
  })
}

/**
 * Reverts applied migrations, the latest first: the last one, or the range. `to` names the last that is
 * reverted; `'0'` reverts all. Gives the names of those that it reverted.
 * @throws as {@link migrate}, and MigrationStateError where one cannot be reverted: then none is
 */
export async function revert(
  connection: Connection,
  options: MigrationOptions & MigrationRange,
): Promise<string[]> {
  return await underMigrationLock(connection, options, async (run) => {
    return await carryOut(await planDown(await known(connection, options), options), run)
  })
}

/**
 * Reverts the last of the applied migrations, by their names, and applies it again, and no other. Gives its name.
 * @throws as {@link revert}
 */
export async function redo(connection: Connection, options: MigrationOptions): Promise<string[]> {
  return await underMigrationLock(connection, options, async (run) => {
    const steps = await planDown(await known(connection, options), {})
    await carryOut(steps, run)
    const again = steps.map((step) => ({ ...step, direction: 'up' as const }))
    return await carryOut(again, run)
  })
}

/**
 * What {@link migrate} or {@link revert} would do, told by doing it in one transaction that is rolled back.
 * The connection must have been opened with `monitorCommands: true`, for this alone: what anything else writes
 * on it meanwhile is not sent.
 */
export async function rehearseMigrations(
  connection: Connection,
  options: MigrationOptions & MigrationRange & { readonly direction: Direction },
): Promise<RehearsedMigration[]> {
  const plan = options.direction === 'up' ? planUp : planDown
  const steps = await plan(await known(connection, options), options)
  return await rehearse(connection, steps, parametersOf(options))
}

/** Records a migration as applied, with its file as it is now, or as pending, and runs nothing. */
export async function mark(
  connection: Connection,
  name: string,
  options: MigrationOptions & { readonly as: 'applied' | 'pending' },
): Promise<void> {
  await underMigrationLock(connection, options, async ({ lock }) => {
    const migration = migrationNamed(name, await known(connection, options))
    const records = recordsOf(connection)
    if (options.as === 'pending') {
      await records.deleteOne({ _id: name })
      return
    }
    const { content } = requireFile(migration)
    const at = new Date()
    const { token, owner } = lock
    await records.replaceOne(
      { _id: name },
      {
        state: 'applied',
        direction: 'up',
        ...content,
        startedAt: at,
        finishedAt: at,
        ...owner,
        token,
      },
      { upsert: true },
    )
  })
}

/** How all migrations stand, and who migrates at this moment. Writes nothing. */
export async function migrationStatus(
  connection: Connection,
  options: Pick<MigrationOptions, 'folder'>,
): Promise<{ migrations: MigrationStatus[]; lock?: LockOwner }> {
  const [migrations, lock] = await Promise.all([known(connection, options), lockOwner(connection)])
  const isRunning = lock !== undefined && !lock.isOver
  return {
    migrations: migrations.map(({ file: _file, record: _record, ...status }) =>
      status.state === 'running' && !isRunning
        ? { ...status, note: `${status.note}, which has ended without finishing it` }
        : status,
    ),
    ...(isRunning && { lock: { host: lock.host, pid: lock.pid, since: lock.since } }),
  }
}

const known = async (
  connection: Connection,
  { folder }: Pick<MigrationOptions, 'folder'>,
): Promise<KnownMigration[]> => await knownMigrations(connection, [folder].flat())

const LOCK_WAIT = 30_000

async function underMigrationLock<Result>(
  connection: Connection,
  options: MigrationOptions,
  work: (run: RunOptions) => Promise<Result>,
): Promise<Result> {
  const { lockWait = LOCK_WAIT, signal } = options
  return await underLock(connection, { wait: lockWait, signal }, async (lock) => {
    return await work({ connection, lock, ...parametersOf(options) })
  })
}

const parametersOf = ({ log = () => undefined, settings, signal }: MigrationOptions) => ({
  log,
  options: { currency: 'USD', skipUnadoptable: false, ...settings },
  signal: signal ?? new AbortController().signal,
})

const DONE: Record<Direction, string> = { up: 'applied', down: 'reverted' }

/** Runs the steps of a plan in their order, and returns their names. */
async function carryOut(steps: readonly Step[], options: RunOptions): Promise<string[]> {
  for (const step of steps) {
    await runMigration(step, options)
    options.log(`${DONE[step.direction]} ${step.file.name}`)
  }
  return steps.map(({ file }) => file.name)
}
