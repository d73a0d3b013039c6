import type { mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { SEEDED_AT } from './fake-accounts.ts'

/** What `seed()` removes first with `reset`: only the seeded accounts, or all that Daybook's collections hold. */
export type SeedReset = 'seeded' | 'everything'

/** The numbers of records that `seed()` removed; with `dryRun`, that it would remove. */
export interface Removed {
  readonly accounts: number
  readonly transfers: number
  readonly batches: number
}

interface ResetOptions {
  readonly dryRun?: boolean | undefined
}

/**
 * Removes the seeded accounts. They must have no transfers, because these would be left without their account.
 * @throws InputError if one has; then nothing is removed
 */
export async function removeSeeded(db: mongo.Db, { dryRun }: ResetOptions): Promise<Removed> {
  const accounts = db.collection<AccountRecord>('accounts')
  const used = await accounts.findOne(
    { createdAt: SEEDED_AT, transferCount: { $gt: 0 } },
    { sort: { _id: 1 } },
  )
  if (used) {
    throw new InputError(
      `seeded account ${quote(used._id)} has transfers, so nothing was removed: use an empty database`,
    )
  }
  // An account that has got a transfer in the meantime stays.
  const unused = { createdAt: SEEDED_AT, transferCount: 0 }
  const removed = dryRun
    ? await accounts.countDocuments(unused)
    : (await accounts.deleteMany(unused)).deletedCount
  return { accounts: removed, transfers: 0, batches: 0 }
}

/** Empties Daybook's four collections. Their indexes and validators stay. */
export async function removeEverything(db: mongo.Db, { dryRun }: ResetOptions): Promise<Removed> {
  const empty = async (name: string) =>
    dryRun
      ? await db.collection(name).countDocuments()
      : (await db.collection(name).deleteMany({})).deletedCount
  // Batches go before transfers, because a batch whose record is left counts as posted.
  await empty('refusals')
  const batches = await empty('batches')
  const transfers = await empty('transfers')
  return { accounts: await empty('accounts'), transfers, batches }
}
