import { InputError } from '../errors.ts'
import { named, reasonOf } from '../messages.ts'
import type { Direction, LockOwner } from './record.ts'

/**
 * The migration files, or the states of the migrations in the database, do not allow what was asked for.
 * Nothing was changed.
 */
export class MigrationStateError extends InputError {}

/** Another process migrates this database. */
export class MigrationLockedError extends Error {
  override readonly name = 'MigrationLockedError'
  readonly owner: LockOwner

  constructor(owner: LockOwner, advice: string) {
    const { host, pid, since } = owner
    super(
      `the database is being migrated by process ${pid} on ${named(host)} since ${since.toISOString()}: ${advice}`,
    )
    this.owner = owner
  }
}

/**
 * During a migration this process lost the lock: another process broke it, or took it while this one was
 * suspended or cut off for too long.
 */
export class MigrationLockLostError extends Error {
  override readonly name = 'MigrationLockLostError'

  constructor() {
    super(
      'this process lost the migration lock, so it stopped: another process took or broke the lock. daybook migrate status shows what was applied',
    )
  }
}

/** A migration threw. `cause` is what it threw, unwrapped. */
export class MigrationFailedError extends Error {
  override readonly name = 'MigrationFailedError'
  readonly migration: string
  readonly direction: Direction

  constructor(
    { migration, direction }: { migration: string; direction: Direction },
    advice: string,
    cause: unknown,
  ) {
    super(`migration ${named(migration)} (${direction}) failed: ${reasonOf(cause)}\n${advice}`, {
      cause,
    })
    this.migration = migration
    this.direction = direction
  }
}
