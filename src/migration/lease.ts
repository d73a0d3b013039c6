import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { mongo } from 'mongoose'
import { isDuplicateKey } from '../mongodb/server-errors.ts'
import { MigrationLockLostError, MigrationLockedError } from './errors.ts'
import { type ProcessIdentity, hasEnded, thisProcess } from './process-identity.ts'
import type { LockOwner } from './record.ts'

/** The document that says which process holds the lock, and until when by the server's clock. */
export interface Lease extends LockOwner, ProcessIdentity {
  readonly _id: 'lock'
  /** A random id, made each time that a process takes the lock. */
  readonly token: string
  readonly expiresAt: Date
}

export interface LockOptions {
  /** How long to wait while another process migrates, in milliseconds. */
  readonly wait: number
  readonly signal?: AbortSignal | undefined
}

const LEASE_MS = 15_000
const RENEW_MS = 3_000
const POLL_MS = 100

const EXPIRES_AT = { $add: ['$$NOW', LEASE_MS] }
const IS_EXPIRED = { $lte: [{ $ifNull: ['$expiresAt', new Date(0)] }, '$$NOW'] }

/**
 * Takes the lease when nobody holds it, when it has expired, or when its holder has ended. Returns its token.
 * @throws MigrationLockedError if another process holds it for longer than the caller waits
 */
export async function takeLease(
  leases: mongo.Collection<Lease>,
  { wait, signal }: LockOptions,
): Promise<string> {
  const token = randomUUID()
  const owner = { $literal: { _id: 'lock', token, ...(await thisProcess()) } }
  const lease = { $mergeObjects: [owner, { since: '$$NOW', expiresAt: EXPIRES_AT }] }
  const deadline = performance.now() + wait
  for (;;) {
    signal?.throwIfAborted()
    const current = await leases
      .findOneAndUpdate(
        { _id: 'lock' },
        [{ $replaceWith: { $cond: [IS_EXPIRED, lease, '$$ROOT'] } }],
        { upsert: true, returnDocument: 'after' },
      )
      .catch((error: unknown) => {
        // Another process inserted the document first.
        if (isDuplicateKey(error)) return null
        throw error
      })
    if (!current) continue
    if (current.token === token) return token
    if (await hasEnded(current)) await leases.deleteOne({ _id: 'lock', token: current.token })
    else if (performance.now() < deadline) await setTimeout(POLL_MS)
    else {
      throw new MigrationLockedError(current, 'wait for it, or see daybook migrate status')
    }
  }
}

/** Renews a lease until `stop` is called. Aborts `lost` once another process holds it, or could hold it. */
export function keepLease(
  leases: mongo.Collection<Lease>,
  token: string,
  lost: AbortController,
): { stop(): void } {
  let renewedAt = performance.now()
  const renew = async () => {
    const sentAt = performance.now()
    try {
      const { matchedCount } = await leases.updateOne({ _id: 'lock', token }, [
        { $set: { expiresAt: EXPIRES_AT } },
      ])
      if (matchedCount === 0) lost.abort(new MigrationLockLostError())
      else renewedAt = sentAt
    } catch {
      // The server may be away for a while. The lock is lost only if the lease has expired by then.
      if (performance.now() - renewedAt > LEASE_MS) lost.abort(new MigrationLockLostError())
    }
  }
  const timer = setInterval(() => void renew(), RENEW_MS)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** The lease, and whether it is over: it has expired, or its process has ended. Writes nothing. */
export async function readLease(
  leases: mongo.Collection<Lease>,
): Promise<(Lease & { readonly isOver: boolean }) | undefined> {
  const [lease] = await leases
    .aggregate<Lease & { readonly isExpired: boolean }>(
      [{ $match: { _id: 'lock' } }, { $set: { isExpired: IS_EXPIRED } }],
      { readPreference: 'primary' },
    )
    .toArray()
  return lease && { ...lease, isOver: lease.isExpired || (await hasEnded(lease)) }
}
