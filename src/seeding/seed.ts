import type { Connection, mongo } from 'mongoose'
import { openingDifferences } from '../ledger/opening.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { hasOnlyDuplicateIds } from '../mongodb/server-errors.ts'
import { accountsOfFile } from './account-file.ts'
import { SEEDED_AT } from './fake-accounts.ts'
import { type Removal, removeSeeded } from './seed-removal.ts'
import { type SeededAccounts, accountsFile, seededAccounts } from './seeded-accounts.ts'

export interface SeedOptions extends SeededAccounts {
  /** Only looks: writes nothing. */
  readonly dryRun?: boolean | undefined
  /** First removes what seeding made before, see {@link removeSeeded}. */
  readonly reset?: boolean | undefined
  /** Told now and then how many accounts are done, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Once aborted, what is in flight is finished and nothing more begun. */
  readonly signal?: AbortSignal | undefined
}

export interface Seeded {
  /** How many accounts were added; with `dryRun`, would be. */
  added: number
  /** How many were there already. They stay as they are. */
  existing: number
  /** How many of these were opened with another holder, currency or opening balance. */
  different: number
  /** What was removed first, with `reset`. */
  removed?: Removal
}

/** How many inserts are in flight: while the server works on some the next is made. */
const IN_FLIGHT = 4

/**
 * Adds the seeded accounts that are missing, in bounded memory, and touches no account that is there. The
 * file is read through before anything is written, so that an error in it changes nothing. Killed at any
 * time and run again it ends in the same state.
 * @throws InputError where the file is not one of accounts
 */
export async function seed(connection: Connection, options: SeedOptions = {}): Promise<Seeded> {
  const total = (await countFile(options.file ?? accountsFile)) + (options.accounts ?? 0)
  const removed = options.reset ? await removeSeeded(connection, options) : undefined
  const collection = databaseOf(connection).collection<AccountRecord>('accounts')
  const isEmpty = (await collection.findOne({}, { projection: { _id: 1 } })) === null
  const seeded: Seeded = { added: 0, existing: 0, different: 0, ...(removed && { removed }) }
  const batches = seededAccounts(options)

  const work = async () => {
    for await (const batch of batches) {
      if (options.signal?.aborted) return
      const { added, existing, different } = await addMissing(batch, {
        collection,
        isEmpty,
        options,
      })
      seeded.added += added
      seeded.existing += existing
      seeded.different += different
      options.onProgress?.(seeded.added + seeded.existing, total)
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, work))
  const failed = outcomes.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return seeded
}

type Accounts = mongo.Collection<AccountRecord>

async function countFile(file: string): Promise<number> {
  let count = 0
  for await (const account of accountsOfFile(file)) if (account) count += 1
  return count
}

async function addMissing(
  batch: readonly AccountRecord[],
  where: { collection: Accounts; isEmpty: boolean; options: SeedOptions },
): Promise<Seeded> {
  const { collection, isEmpty, options } = where
  const there = isEmpty ? new Map<string, AccountRecord>() : await findAccounts(batch, where)
  const missing = batch.filter(({ _id }) => !there.has(_id))
  const different = batch.filter((account) => {
    const existing = there.get(account._id)
    return existing && isDifferent(account, existing)
  })
  if (missing.length > 0 && !options.dryRun) {
    try {
      await collection.insertMany(missing, { ordered: false })
    } catch (error) {
      if (!hasOnlyDuplicateIds(error)) throw error
      // Another process added some at the same time: look again, which now finds them.
      const rest = await addMissing(missing, { collection, isEmpty: false, options })
      const added = error.insertedCount + rest.added
      return {
        added,
        existing: batch.length - added,
        different: different.length + rest.different,
      }
    }
  }
  return { added: missing.length, existing: there.size, different: different.length }
}

/** Equal bytes are equal money, and far faster to compare. */
const isDifferent = (account: AccountRecord, existing: AccountRecord): boolean =>
  !(
    account.holder === existing.holder &&
    account.currency === existing.currency &&
    Buffer.compare(account.openingBalance.bytes, existing.openingBalance.bytes) === 0
  ) && openingDifferences(account, existing).length > 0

async function findAccounts(
  batch: readonly AccountRecord[],
  { collection, options }: { collection: Accounts; options: SeedOptions },
): Promise<Map<string, AccountRecord>> {
  const found = collection.find(
    {
      _id: { $in: batch.map(({ _id }) => _id) },
      // In a dry run they are still there.
      ...(options.dryRun && options.reset && { createdAt: { $ne: SEEDED_AT } }),
    },
    { projection: { holder: 1, currency: 1, openingBalance: 1 } },
  )
  const there = new Map<string, AccountRecord>()
  for await (const account of found) there.set(account._id, account)
  return there
}
