import type { Connection } from 'mongoose'
import { InputError } from '../errors.ts'
import { reasonOf } from '../messages.ts'
import { endAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { inTransaction } from '../mongodb/transaction.ts'
import { MigrationFailedError, MigrationLockLostError } from './errors.ts'
import type { MigrationFile } from './files.ts'
import type { Lock } from './lock.ts'
import { type Migration, type MigrationParameters, callMigration } from './migration.ts'
import { type Direction, type MigrationRecord, recordsOf } from './record.ts'

/** What is run: a file's migration, in one direction. */
export interface Step {
  readonly file: MigrationFile
  readonly migration: Migration
  readonly direction: Direction
}

export interface RunOptions extends Pick<MigrationParameters, 'log' | 'options'> {
  readonly connection: Connection
  readonly lock: Lock
}

/**
 * Runs one migration up or down and records it: both in one transaction, or one after the other where
 * the migration is outside a transaction.
 * @throws MigrationFailedError whose `cause` is what the migration threw
 */
export async function runMigration(step: Step, options: RunOptions): Promise<void> {
  const isWhole = step.migration.transaction !== false
  try {
    await (isWhole ? runInTransaction(step, options) : runOutside(step, options))
  } catch (error) {
    if (error instanceof InputError || error instanceof MigrationLockLostError) throw error
    // Whoever interrupts it is told of that, not of what the interruption looked like from inside.
    options.lock.signal.throwIfAborted()
    throw new MigrationFailedError(
      { migration: step.file.name, direction: step.direction },
      adviceFor(step, error),
      error,
    )
  }
}

/** What the server says of indexes (72) and collections (263) in a transaction, and of one over a minute old. */
const IMPOSSIBLE_IN_TRANSACTION = new Set<unknown>([72, 263, 290])

function adviceFor({ file, migration: { transaction, resumable } }: Step, error: unknown): string {
  if (transaction === false) {
    return resumable
      ? 'run the same command again: it goes on from where it stopped'
      : `it may be half done: look, put it right, then daybook migrate mark ${file.name} --applied or --pending`
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return IMPOSSIBLE_IN_TRANSACTION.has(code)
    ? 'nothing that it did with its session was kept; what no transaction can do, or not within a minute, needs "export const transaction = false" in its file'
    : 'nothing that it did with its session was kept'
}

async function runInTransaction(
  { file, migration, direction }: Step,
  { connection, lock, log, options }: RunOptions,
): Promise<void> {
  const startedAt = new Date()
  await inTransaction(connection, async ({ session }) => {
    lock.signal.throwIfAborted()
    await endAbandonedTransactions(connection)
    const records = recordsOf(connection)
    const before = await records.findOne({ _id: file.name }, { session })
    // After a commit whose reply was lost this runs again, and finds its own work done.
    if (direction === 'up' ? before?.state === 'applied' : !before) return
    await callMigration(
      { migration, direction },
      { connection, session, log, options, signal: lock.signal },
    )
    lock.signal.throwIfAborted()
    // At the end, so that the lock can be renewed meanwhile.
    await lock.fence(session)
    if (direction === 'up') {
      const record = recordOf({ file, direction, lock, startedAt, state: 'applied' })
      await records.replaceOne({ _id: file.name }, record, { session, upsert: true })
    } else await records.deleteOne({ _id: file.name }, { session })
  })
}

async function runOutside(
  step: Step,
  { connection, lock, log, options }: RunOptions,
): Promise<void> {
  const { file, migration, direction } = step
  const records = recordsOf(connection)
  const startedAt = new Date()
  const mine = { _id: file.name, token: lock.token }
  const begun = { file, direction, lock, startedAt }
  lock.signal.throwIfAborted()
  await inTransaction(connection, async ({ session }) => {
    // Stopped for long, this process may hold the lock no more and not know it yet.
    await lock.fence(session)
    const running = recordOf({ ...begun, state: 'running' })
    await records.replaceOne({ _id: file.name }, running, { session, upsert: true })
  })
  try {
    await callMigration(
      { migration, direction },
      { connection, session: undefined, log, options, signal: lock.signal },
    )
  } catch (error) {
    const message = lock.signal.aborted ? 'it was interrupted' : reasonOf(error)
    const failed = { ...recordOf({ ...begun, state: 'failed' }), error: message }
    // Where that fails too, what the migration threw says more, and `status` that it was not finished.
    await records.replaceOne(mine, failed, MAJORITY).catch(() => undefined)
    throw error
  }
  const { matchedCount } =
    direction === 'up'
      ? await records.replaceOne(mine, recordOf({ ...begun, state: 'applied' }), MAJORITY)
      : { matchedCount: (await records.deleteOne(mine, MAJORITY)).deletedCount }
  // Somebody else has taken it over meanwhile.
  if (matchedCount === 0) throw new MigrationLockLostError()
}

const MAJORITY = { writeConcern: { w: 'majority' } } as const

const recordOf = ({
  file,
  direction,
  lock,
  startedAt,
  state,
}: {
  file: MigrationFile
  direction: Direction
  lock: Lock
  startedAt: Date
  state: MigrationRecord['state']
}): MigrationRecord => ({
  _id: file.name,
  state,
  direction,
  ...file.content,
  startedAt,
  ...(state !== 'running' && { finishedAt: new Date() }),
  ...lock.owner,
  token: lock.token,
})
