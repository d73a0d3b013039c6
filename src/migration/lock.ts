import { hostname } from 'node:os'
import type { ClientSession, Connection } from 'mongoose'
import { optionsOf } from '../arguments.ts'
import { collectionsOf } from '../definition.ts'
import { explainDatabase } from '../mongodb/access.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { MigrationLockLostError, MigrationLockedError } from './errors.ts'
import { type Lease, type LockOptions, keepLease, readLease, takeLease } from './lease.ts'
import type { LockOwner } from './record.ts'

// The lock lets one process at a time migrate a database. It consists of two documents of `migration_lock`:
//
// - The *lease* names the process that holds the lock, and the time when that ends. The process renews it. If
//   the process dies or loses its connection, the lease expires, and another process can take the lock.
// - The *fence* has the token of the process that holds the lock. Each transaction of a migration updates the
//   fence, and fails if the token is not its own. So a process that was suspended for too long cannot commit
//   anything, even if it does not know yet that it has lost the lock. Renewals do not touch the fence, because
//   that would be a write conflict with a transaction that started before them.

interface Fence {
  readonly _id: 'fence'
  /** The token of the lock's holder; null after the lock was broken. */
  readonly token: string | null
  readonly commits: number
}

/** The lock, for the process that holds it. */
export interface Lock {
  readonly token: string
  readonly owner: Pick<LockOwner, 'host' | 'pid'>
  /** Aborted when the caller's signal is, or with a {@link MigrationLockLostError} when the lock is lost. */
  readonly signal: AbortSignal
  /**
   * Makes a transaction fail if this process has lost the lock, also if it loses the lock before the commit.
   * @throws MigrationLockLostError
   */
  passFence(session: ClientSession): Promise<void>
}

/**
 * Does some work while no other process migrates this database.
 * @throws MigrationLockedError if another process migrates for longer than the caller waits
 */
export async function withLock<Result>(
  connection: Connection,
  { wait, signal }: LockOptions,
  work: (lock: Lock) => Promise<Result>,
): Promise<Result> {
  const { leases, fences } = lockDocuments(connection)
  const token = await takeLease(leases, { wait, signal })
  await fences.updateOne({ _id: 'fence' }, { $set: { token } }, { upsert: true })
  const lost = new AbortController()
  const renewal = keepLease(leases, token, lost)
  try {
    return await work({
      token,
      owner: { host: hostname(), pid: process.pid },
      signal: signal ? AbortSignal.any([signal, lost.signal]) : lost.signal,
      async passFence(session) {
        const { matchedCount } = await fences.updateOne(
          { _id: 'fence', token },
          { $inc: { commits: 1 } },
          { session },
        )
        if (matchedCount === 0) throw new MigrationLockLostError()
      },
    })
  } finally {
    renewal.stop()
    // If this fails, the lease expires.
    await leases.deleteOne({ _id: 'lock', token }).catch(() => undefined)
  }
}

/** The process that holds the lock; undefined if none does, or if it has ended. Writes nothing. */
export async function lockOwner(connection: Connection): Promise<LockOwner | undefined> {
  const lease = await readLease(lockDocuments(connection).leases)
  return lease && !lease.isOver ? ownerOf(lease) : undefined
}

/** Does the work of `breakMigrationLock()`, which index.ts documents. */
export async function breakMigrationLock(
  connection: Connection,
  options?: { force?: boolean },
): Promise<LockOwner | undefined> {
  const { force = false } = optionsOf(options, 'breakMigrationLock()', { force: true })
  return await breakLock(connection, force).catch(explainDatabase(connection))
}

async function breakLock(connection: Connection, force: boolean): Promise<LockOwner | undefined> {
  const { leases, fences } = lockDocuments(connection)
  const lease = await readLease(leases)
  if (!lease) return undefined
  if (!force && !lease.isOver) {
    throw new MigrationLockedError(
      lease,
      'it renews its lock, so it is probably alive. If you know that it is not, use --force',
    )
  }
  const { token } = lease
  await fences.updateOne({ _id: 'fence', token }, { $set: { token: null } })
  await leases.deleteOne({ _id: 'lock', token })
  return ownerOf(lease)
}

const ownerOf = ({ host, pid, since }: Lease): LockOwner => ({ host, pid, since })

function lockDocuments(connection: Connection) {
  const [database, name] = [databaseOf(connection), collectionsOf(connection).migration_lock]
  const options = { writeConcern: { w: 'majority' } } as const
  return {
    leases: database.collection<Lease>(name, options),
    fences: database.collection<Fence>(name, options),
  }
}
