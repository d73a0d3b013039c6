import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { ClientSession, Connection, mongo } from 'mongoose'
import { startTimeOf } from '../engine/processes.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { isDuplicateKey } from '../mongodb/server-errors.ts'
import { MigrationLockLostError, MigrationLockedError } from './errors.ts'
import type { LockOwner } from './record.ts'

/**
 * A document of the collection `migration_lock`: a lease on the server's clock. A process that renews it
 * no more, because it died or was cut off, loses it when it expires.
 */
interface Lease extends LockOwner {
  _id: 'lock'
  /** Of the one process that holds it, this time. */
  token: string
  /** Where process ids mean the same, if that is known, and what tells this process from a later one with its id. */
  space?: string
  mark: string
  expiresAt: Date
}

/**
 * The other document there: who holds the lock, for transactions to write to. Renewals leave it alone, so that
 * they are no write conflict with a transaction that began before them.
 */
interface Fence {
  _id: 'fence'
  /** Of the holder; null after the lock was broken. */
  token: string | null
  commits: number
}

const LEASE_MS = 15_000
const RENEW_MS = 3_000
const POLL_MS = 100

/** The lock as its holder has it. */
export interface Lock {
  readonly token: string
  readonly owner: Pick<LockOwner, 'host' | 'pid'>
  /** Aborted once the lock is lost, with a {@link MigrationLockLostError}, or the caller's signal is. */
  readonly signal: AbortSignal
  /**
   * Makes a transaction fail that would be committed by a process that has lost the lock.
   * @throws MigrationLockLostError
   */
  fence(session: ClientSession): Promise<void>
}

export interface LockOptions {
  /** How long to wait for another process that migrates, in milliseconds. */
  readonly wait: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Does some work while no other process migrates this database.
 * @throws MigrationLockedError where another one does, for longer than the caller waits
 */
export async function underLock<Result>(
  connection: Connection,
  { wait, signal }: LockOptions,
  work: (lock: Lock) => Promise<Result>,
): Promise<Result> {
  const { leases, fences } = documentsOf(connection)
  const token = await take(leases, { wait, signal })
  await fences.updateOne(FENCE, { $set: { token } }, { upsert: true })
  const lost = new AbortController()
  const mine = { _id: 'lock', token } as const
  const renewing = renew(leases, mine, lost)
  try {
    return await work({
      token,
      owner: { host: hostname(), pid: process.pid },
      signal: signal ? AbortSignal.any([signal, lost.signal]) : lost.signal,
      async fence(session) {
        const mineToo = { ...FENCE, token }
        const { matchedCount } = await fences.updateOne(
          mineToo,
          { $inc: { commits: 1 } },
          { session },
        )
        if (matchedCount === 0) throw new MigrationLockLostError()
      },
    })
  } finally {
    renewing.stop()
    // Where that fails it expires by itself.
    await leases.deleteOne(mine).catch(() => undefined)
  }
}

/** Who holds the lock, and whether that is over; undefined where nobody does. Reads alone. */
export async function lockOwner(
  connection: Connection,
): Promise<(LockOwner & { readonly isOver: boolean }) | undefined> {
  const lease = await readLease(documentsOf(connection).leases)
  if (!lease) return undefined
  const { host, pid, since } = lease
  return { host, pid, since, isOver: lease.isExpired || (await isDead(lease)) }
}

/**
 * Takes the lock away from whoever holds it, and says from whom; undefined where nobody does.
 * @throws MigrationLockedError where its holder may be alive, unless `force` says that it is not
 */
export async function breakLock(
  connection: Connection,
  { force = false }: { force?: boolean } = {},
): Promise<LockOwner | undefined> {
  const { leases, fences } = documentsOf(connection)
  const lease = await readLease(leases)
  if (!lease) return undefined
  if (!force && !lease.isExpired && !(await isDead(lease))) {
    throw new MigrationLockedError(
      lease,
      `it renews its lock, so it is alive; where you know better, use --force`,
    )
  }
  const { token } = lease
  await fences.updateOne({ ...FENCE, token }, { $set: { token: null } })
  await leases.deleteOne({ _id: 'lock', token })
  return { host: lease.host, pid: lease.pid, since: lease.since }
}

const FENCE = { _id: 'fence' } as const

function documentsOf(connection: Connection) {
  const [database, name] = [databaseOf(connection), 'migration_lock']
  const options = { writeConcern: { w: 'majority' } } as const
  return {
    leases: database.collection<Lease>(name, options),
    fences: database.collection<Fence>(name, options),
  }
}

const EXPIRES_AT = { $add: ['$$NOW', LEASE_MS] }
const PROLONG = [{ $set: { expiresAt: EXPIRES_AT } }]
const IS_EXPIRED = { $lte: [{ $ifNull: ['$expiresAt', new Date(0)] }, '$$NOW'] }

async function take(
  leases: mongo.Collection<Lease>,
  { wait, signal }: LockOptions,
): Promise<string> {
  const token = randomUUID()
  const owner = { $literal: { _id: 'lock', token, ...(await thisProcess()) } }
  const lease = { $mergeObjects: [owner, { since: '$$NOW', expiresAt: EXPIRES_AT }] }
  const end = performance.now() + wait
  for (;;) {
    signal?.throwIfAborted()
    const held = await leases
      .findOneAndUpdate(
        { _id: 'lock' },
        [{ $replaceWith: { $cond: [IS_EXPIRED, lease, '$$ROOT'] } }],
        { upsert: true, returnDocument: 'after' },
      )
      .catch((error: unknown) => {
        // Somebody else was the first.
        if (isDuplicateKey(error)) return null
        throw error
      })
    if (!held) continue
    if (held.token === token) return token
    if (await isDead(held)) await leases.deleteOne({ _id: 'lock', token: held.token })
    else if (performance.now() < end) await setTimeout(POLL_MS)
    else throw new MigrationLockedError(held, 'wait for it, or see daybook migrate status')
  }
}

/** Renews a lease until it is stopped; aborts `lost` when it is somebody else's, or may be by now. */
function renew(
  leases: mongo.Collection<Lease>,
  mine: { readonly _id: 'lock'; readonly token: string },
  lost: AbortController,
): { stop(): void } {
  let renewedAt = performance.now()
  const renewOnce = async () => {
    const sentAt = performance.now()
    try {
      const { matchedCount } = await leases.updateOne(mine, PROLONG)
      if (matchedCount === 0) lost.abort(new MigrationLockLostError())
      else renewedAt = sentAt
    } catch {
      // The server may be away for a while; what counts is whether the lease has run out by then.
      if (performance.now() - renewedAt > LEASE_MS) lost.abort(new MigrationLockLostError())
    }
  }
  const timer = setInterval(() => void renewOnce(), RENEW_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

async function readLease(
  leases: mongo.Collection<Lease>,
): Promise<(Lease & { readonly isExpired: boolean }) | null> {
  const [lease] = await leases
    .aggregate<Lease & { readonly isExpired: boolean }>(
      [{ $match: { _id: 'lock' } }, { $set: { isExpired: IS_EXPIRED } }],
      { readPreference: 'primary' },
    )
    .toArray()
  return lease ?? null
}

/** Whether its process ran on this machine and has ended. */
async function isDead({ host, space, pid, mark }: Lease): Promise<boolean> {
  if (space === undefined) return false
  const here = await thisProcess()
  return host === here.host && space === here.space && (await startTimeOf(pid)) !== mark
}

async function thisProcess(): Promise<Pick<Lease, 'host' | 'pid' | 'space' | 'mark'>> {
  const space = await processSpace()
  return {
    host: hostname(),
    pid: process.pid,
    ...(space !== undefined && { space }),
    mark: (await startTimeOf(process.pid)) ?? '',
  }
}

/**
 * What names the processes' ids: machines may share a host's name, as clones do, and so may containers. One run
 * of a kernel has an id of its own, and each container in it a space of process ids.
 */
async function processSpace(): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}
