import type { Connection } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { SEEDED_AT } from './fake-accounts.ts'

/** What `seed()` removes first with `reset`: only the seeded accounts, or all that Daybook's collections hold. */
export type SeedReset = 'seeded' | 'everything'

/** The numbers of records that `seed()` removed; with `dryRun`, that it would remove. */
export interface RemovedRecords {
  readonly accounts: number
  readonly transfers: number
  readonly batches: number
}

interface ResetOptions {
  readonly dryRun?: boolean | undefined
}

/**
 * The number of accounts that are deleted at once. The server finishes a delete even if its client is killed, and a
 * long one would go on to delete what the next run adds.
 */
const DELETED_AT_ONCE = 10_000

/**
 * Removes the seeded accounts. They must have no transfers, because these would be left without their account.
 * @throws InputError if one has; then nothing is removed
 */
export async function removeSeeded(
  connection: Connection,
  { dryRun }: ResetOptions,
): Promise<RemovedRecords> {
  const { accounts: name } = collectionsOf(connection)
  const collection = databaseOf(connection).collection<AccountRecord>(name)
  const used = await collection.findOne(
    { createdAt: SEEDED_AT, transferCount: { $gt: 0 } },
    { sort: { _id: 1 } },
  )
  if (used) {
    throw new InputError(
      `seeded account ${quote(used._id)} has transfers, so nothing was removed: use an empty database`,
    )
  }
  const unused = { createdAt: SEEDED_AT, transferCount: 0, held: { $exists: false } }
  if (dryRun) {
    return { accounts: await collection.countDocuments(unused), transfers: 0, batches: 0 }
  }
  let accounts = 0
  const cursor = collection.find(unused, { projection: { _id: 1 }, batchSize: DELETED_AT_ONCE })
  while (await cursor.hasNext()) {
    const ids = cursor.readBufferedDocuments().map(({ _id }) => _id)
    // An account that has got a transfer in the meantime stays.
    accounts += (await collection.deleteMany({ ...unused, _id: { $in: ids } })).deletedCount
  }
  return { accounts, transfers: 0, batches: 0 }
}

/** Empties Daybook's collections. Their indexes and validators stay. */
export async function removeEverything(
  connection: Connection,
  { dryRun }: ResetOptions,
): Promise<RemovedRecords> {
  const database = databaseOf(connection)
  const names = collectionsOf(connection)
  const empty = async (name: string): Promise<number> => {
    const collection = database.collection(name)
    const count = await collection.countDocuments()
    // $out replaces the collection by an empty one with the same indexes and validator. That is done at once, and
    // takes no longer for a million accounts.
    const replacement = [{ $match: { $expr: false } }, { $out: name }]
    if (count > 0 && !dryRun) await collection.aggregate(replacement).toArray()
    return count
  }
  // Batches go before transfers, because a batch whose record is left counts as posted.
  await empty(names.refusals)
  const batches = await empty(names.batches)
  const transfers = await empty(names.transfers)
  await empty(names.transfer_groups)
  await empty(names.holds)
  return { accounts: await empty(names.accounts), transfers, batches }
}
