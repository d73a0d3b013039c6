import { InputError } from '../errors.ts'
import { reasonOf } from '../messages.ts'
import type { Direction, LockOwner } from './record.ts'

/** The migrations' files, or what the database says of them, do not allow what was asked for. Nothing was changed. */
export class MigrationStateError extends InputError {}

/** Somebody else migrates this database. */
export class MigrationLockedError extends Error {
  override readonly name = 'MigrationLockedError'
  readonly owner: LockOwner

  constructor(owner: LockOwner, advice: string) {
    super(`the database is being migrated by ${describeOwner(owner)}: ${advice}`)
    this.owner = owner
  }
}

/** The lock passed to somebody else while a migration ran: this process was stopped, or cut off, for too long. */
export class MigrationLockLostError extends Error {
  override readonly name = 'MigrationLockLostError'

  constructor() {
    super(
      'the lock on the migrations was lost to another process, so this one stopped: see daybook migrate status',
    )
  }
}

/** A migration threw. Its `cause` is what it threw, unwrapped. */
export class MigrationFailedError extends Error {
  override readonly name = 'MigrationFailedError'
  /** The migration's name. */
  readonly migration: string
  readonly direction: Direction

  constructor(
    { migration, direction }: { migration: string; direction: Direction },
    advice: string,
    cause: unknown,
  ) {
    super(`migration ${migration} (${direction}) failed: ${reasonOf(cause)}\n${advice}`, { cause })
    this.migration = migration
    this.direction = direction
  }
}

/** Who holds the lock, for people. */
const describeOwner = ({ host, pid, since }: LockOwner): string =>
  `process ${pid} on ${host} since ${since.toISOString()}`
