import { collectionsOf } from '../../definition.ts'
import type { Transaction } from '../../mongodb/transaction.ts'
import { type PreparedWrite, write } from '../account-updates.ts'
import type { HoldRecord } from '../records.ts'
import type { ReadContext } from '../stored-ledger.ts'

/** Holds as they were read, and which of the active ones have expired by the server's clock. */
export interface StoredHolds {
  readonly holds: readonly HoldRecord[]
  readonly expired: ReadonlySet<string>
}

/** Whether an active hold has expired. The server knows the time: clocks of programs differ. */
const HAS_EXPIRED = {
  $and: [
    { $eq: ['$status', 'active'] },
    // A hold that never expires has no such field, which would be less than any date.
    { $gt: ['$expiresAt', null] },
    { $lte: ['$expiresAt', '$$NOW'] },
  ],
}

/** Reads holds by their ids. */
export async function readHolds(
  holdIds: readonly string[],
  context: ReadContext,
): Promise<StoredHolds> {
  if (holdIds.length === 0) return { holds: [], expired: new Set() }
  const pipeline = [{ $match: { _id: { $in: holdIds } } }, { $set: { hasExpired: HAS_EXPIRED } }]
  const found = await holdsOf(context)
    .aggregate<HoldRecord & { hasExpired: boolean }>(pipeline, optionsOf(context))
    .toArray()
  const expired = new Set<string>()
  const holds = found.map(({ hasExpired, ...hold }) => {
    if (hasExpired) expired.add(hold._id)
    return hold
  })
  return { holds, expired }
}

/** Reads the active holds of accounts that have expired, by the server's clock. */
export async function readExpiredHolds(
  accountIds: readonly string[],
  context: ReadContext,
): Promise<HoldRecord[]> {
  const filter = {
    fromAccount: { $in: accountIds },
    status: 'active' as const,
    $expr: { $and: [{ $gt: ['$expiresAt', null] }, { $lte: ['$expiresAt', '$$NOW'] }] },
  }
  return await holdsOf(context).find(filter, optionsOf(context)).toArray()
}

/** The ids of active holds that have expired, by the server's clock: the earliest first. */
export async function expiredHoldIds(limit: number, context: ReadContext): Promise<string[]> {
  const filter = {
    status: 'active' as const,
    $expr: { $and: [{ $gt: ['$expiresAt', null] }, { $lte: ['$expiresAt', '$$NOW'] }] },
  }
  const found = await holdsOf(context)
    .find(filter, { projection: { _id: 1 }, readPreference: 'primary' })
    .sort({ expiresAt: 1 })
    .limit(limit)
    .toArray()
  return found.map(({ _id }) => _id)
}

/** The server's time: of the one that has one of the accounts, if they exist. */
export async function readServerTime(
  accountIds: readonly string[],
  context: ReadContext,
): Promise<Date> {
  const { connection, database } = context
  const [found] = await database
    .collection<{ _id: string }>(collectionsOf(connection).accounts)
    .aggregate<{ now: Date }>(
      [{ $match: { _id: { $in: accountIds } } }, { $limit: 1 }, { $project: { now: '$$NOW' } }],
      optionsOf(context),
    )
    .toArray()
  if (found) return found.now
  const { localTime } = await database.command({ hello: 1 })
  return localTime as Date
}

/** Prepares the insert of new holds. Sending it fails with a duplicate key error if an id already exists. */
export function prepareHoldInsert(
  holds: readonly HoldRecord[],
  transaction: Transaction,
): PreparedWrite {
  const { connection, isDryRun } = transaction
  if (isDryRun || holds.length === 0) return async () => undefined
  const insert = { insert: collectionsOf(connection).holds, documents: holds }
  return async () => void (await write(insert, transaction))
}

/** Prepares the update of holds that were captured or have ended. */
export function prepareHoldUpdates(
  holds: readonly HoldRecord[],
  transaction: Transaction,
): PreparedWrite {
  const { connection, isDryRun } = transaction
  if (isDryRun || holds.length === 0) return async () => undefined
  const updates = holds.map(({ _id, captured, status, endedAt, finalCapture }) => ({
    q: { _id },
    u: {
      $set: {
        captured,
        status,
        ...(endedAt && { endedAt }),
        ...(finalCapture !== undefined && { finalCapture }),
      },
    },
  }))
  const update = { update: collectionsOf(connection).holds, updates, ordered: false }
  return async () => void (await write(update, transaction))
}

const holdsOf = ({ connection, database }: ReadContext) =>
  database.collection<HoldRecord>(collectionsOf(connection).holds)

const optionsOf = ({ session }: ReadContext) => (session ? { session } : {})
