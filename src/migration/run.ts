import type { Connection } from 'mongoose'
import { InputError } from '../errors.ts'
import { named, reasonOf } from '../messages.ts'
import { explainedAccess } from '../mongodb/access.ts'
import { endAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { LONG_WORK, inTransaction } from '../mongodb/transaction.ts'
import { MigrationFailedError, MigrationLockLostError } from './errors.ts'
import type { MigrationFile } from './files.ts'
import type { Lock } from './lock.ts'
import { type Migration, type MigrationParameters, callMigration } from './migration.ts'
import { type Direction, type MigrationRecord, recordsOf } from './record.ts'

export interface PlannedMigration {
  readonly file: MigrationFile
  readonly migration: Migration
  readonly direction: Direction
}

export interface RunOptions extends Pick<MigrationParameters, 'log' | 'options'> {
  readonly connection: Connection
  readonly lock: Lock
}

/**
 * Runs one migration up or down and records it: both in one transaction, or one after the other if the
 * migration runs outside a transaction.
 * @throws MigrationFailedError whose `cause` is what the migration threw, or a DatabaseError if the user lacks a right
 */
export async function runMigration(planned: PlannedMigration, options: RunOptions): Promise<void> {
  const { file, migration, direction } = planned
  try {
    await (migration.transaction === false
      ? runOutsideTransaction(planned, options)
      : runInTransaction(planned, options))
  } catch (error) {
    if (error instanceof InputError || error instanceof MigrationLockLostError) throw error
    // After an interruption, report the interruption and not the error that it caused in the migration.
    options.lock.signal.throwIfAborted()
    throw new MigrationFailedError(
      { migration: file.name, direction },
      adviceFor(planned, error),
      await explainedAccess(error, options.connection),
    )
  }
}

/**
 * The server's error codes for changes to indexes (72) and collections (263) in a transaction, and for a
 * minute's work (290).
 */
const IMPOSSIBLE_IN_TRANSACTION = new Set<unknown>([72, 263, 290])

function adviceFor({ file, migration }: PlannedMigration, error: unknown): string {
  if (migration.transaction === false) {
    return migration.resumable
      ? 'run the same command again: the migration continues from where it stopped'
      : `it may be half done. Check and repair the database, then run daybook migrate mark ${named(file.name)} --applied or --pending`
  }
  const rolledBack = 'everything that it wrote with its session was rolled back'
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return IMPOSSIBLE_IN_TRANSACTION.has(code)
    ? `${rolledBack}. A transaction cannot do this, or not within a minute: add "export const transaction = false" to its file`
    : rolledBack
}

async function runInTransaction(
  { file, migration, direction }: PlannedMigration,
  { connection, lock, log, options }: RunOptions,
): Promise<void> {
  const startedAt = new Date()
  await inTransaction(
    connection,
    async ({ session }) => {
      lock.signal.throwIfAborted()
      await endAbandonedTransactions(connection)
      const records = recordsOf(connection)
      const before = await records.findOne({ _id: file.name }, { session })
      // If the reply to a commit is lost, this callback runs again and finds that its work is done.
      if (direction === 'up' ? before?.state === 'applied' : !before) return
      await callMigration(
        { name: file.name, migration, direction },
        { connection, session, log, options, signal: lock.signal },
      )
      lock.signal.throwIfAborted()
      // Last, so that a process that takes or breaks the lock does not have to wait for this transaction.
      await lock.passFence(session)
      if (direction === 'up') {
        const record = recordOf({ file, direction, lock, startedAt }, 'applied')
        await records.replaceOne({ _id: file.name }, record, { session, upsert: true })
      } else await records.deleteOne({ _id: file.name }, { session })
    },
    LONG_WORK,
  )
}

async function runOutsideTransaction(
  { file, migration, direction }: PlannedMigration,
  { connection, lock, log, options }: RunOptions,
): Promise<void> {
  const records = recordsOf(connection)
  const run = { file, direction, lock, startedAt: new Date() }
  /** Matches the record only while it is this run's. */
  const ownRecord = { _id: file.name, token: lock.token }
  lock.signal.throwIfAborted()
  await inTransaction(connection, async ({ session }) => {
    // A process that was suspended may have lost the lock without knowing it yet.
    await lock.passFence(session)
    await records.replaceOne({ _id: file.name }, recordOf(run, 'running'), {
      session,
      upsert: true,
    })
  })
  try {
    await callMigration(
      { name: file.name, migration, direction },
      { connection, session: undefined, log, options, signal: lock.signal },
    )
  } catch (error) {
    const message = lock.signal.aborted ? 'it was interrupted' : reasonOf(error)
    const failed = { ...recordOf(run, 'failed'), error: message }
    // If this write fails too, the migration's own error is more useful, and the record still says `running`.
    await records.replaceOne(ownRecord, failed, MAJORITY).catch(() => undefined)
    throw error
  }
  const { matchedCount } =
    direction === 'up'
      ? await records.replaceOne(ownRecord, recordOf(run, 'applied'), MAJORITY)
      : { matchedCount: (await records.deleteOne(ownRecord, MAJORITY)).deletedCount }
  // Another process has taken the migration over.
  if (matchedCount === 0) throw new MigrationLockLostError()
}

const MAJORITY = { writeConcern: { w: 'majority' } } as const

export interface Run extends Pick<PlannedMigration, 'file' | 'direction'> {
  readonly lock: Lock
  readonly startedAt: Date
}

export const recordOf = (
  { file, direction, lock, startedAt }: Run,
  state: MigrationRecord['state'],
): MigrationRecord => ({
  _id: file.name,
  state,
  direction,
  ...file.content,
  startedAt,
  ...(state !== 'running' && { finishedAt: new Date() }),
  ...lock.owner,
  token: lock.token,
})
