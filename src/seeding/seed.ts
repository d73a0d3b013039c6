import type { Connection, mongo } from 'mongoose'
import { type Keys, optionsOf, requireConnection } from '../arguments.ts'
import { collectionsOf } from '../definition.ts'
import { InputError } from '../errors.ts'
import { newIdentifierProblem } from '../ledger/identifier.ts'
import { openingDifferences } from '../ledger/opening.ts'
import { type OwnFields, ownFieldsOf } from '../ledger/own-fields.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { explainDatabase } from '../mongodb/access.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { hasOnlyDuplicateIds } from '../mongodb/server-errors.ts'
import { requireAccountFormat } from './account-table.ts'
import { SEEDED_AT, requireCurrencies } from './fake-accounts.ts'
import { type RemovedRecords, type SeedReset, removeEverything, removeSeeded } from './reset.ts'
import {
  SEEDED_KEYS,
  type SeededAccounts,
  accountsFile,
  accountsOfFile,
  seededAccounts,
} from './seeded-accounts.ts'

export interface SeedOptions extends SeededAccounts {
  /**
   * Removes records before accounts are added. Default: removes nothing.
   * - `'seeded'` removes the seeded accounts. It is refused if one of them has a transfer.
   * - `'everything'` removes all accounts, transfers, batches and refusals, seeded or not. MongoDB cannot do it on
   *   sharded collections.
   *
   * Nothing else may be writing to the database in the meantime.
   */
  readonly reset?: SeedReset | undefined
  /** Writes nothing, and returns what would be added and removed. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Called after each few thousand accounts, with how many are done and how many there are in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Once it is aborted, `seed()` finishes the inserts in flight and returns what it has done so far. */
  readonly signal?: AbortSignal | undefined
}

export interface Seeded {
  /** The number of accounts that were added; with `dryRun`, that would be. */
  added: number
  /** The number of accounts that already existed. They stay as they are. */
  existing: number
  /** The number of existing accounts that were opened with another holder, currency or opening balance. */
  different: number
  /** What was removed first; only with `reset`. */
  removed?: RemovedRecords
}

const SEED_KEYS: Keys<SeedOptions> = {
  ...SEEDED_KEYS,
  reset: true,
  dryRun: true,
  onProgress: true,
  signal: true,
}

/** The number of inserts in flight: while the server works on some, the next accounts are made. */
const IN_FLIGHT = 4

/** Does the work of `seed()`, which index.ts documents. */
export async function seed(connection: Connection, seedOptions?: SeedOptions): Promise<Seeded> {
  requireConnection(connection)
  const options = optionsOf(seedOptions, 'seed()', SEED_KEYS)
  requireCurrencies(options.currencies ?? [])
  if (options.fileFormat) requireAccountFormat(options.fileFormat)
  return await addSeeded(connection, options).catch(explainDatabase(connection))
}

async function addSeeded(connection: Connection, options: SeedOptions): Promise<Seeded> {
  const { accounts: name } = collectionsOf(connection)
  const collection = databaseOf(connection).collection<AccountRecord>(name)
  const { account: fields } = ownFieldsOf(connection)
  const total = (await countAccounts(collection, options, fields)) + (options.accounts ?? 0)
  const seeded: Seeded = { added: 0, existing: 0, different: 0 }
  if (options.reset === 'seeded') seeded.removed = await removeSeeded(connection, options)
  if (options.reset === 'everything') seeded.removed = await removeEverything(connection, options)
  const isEmpty =
    options.reset === 'everything' ||
    (await collection.findOne({}, { projection: { _id: 1 } })) === null
  // Their fields were checked when they were counted.
  const batches = seededAccounts(options, { fields, exists: async () => true })

  const work = async () => {
    for await (const batch of batches) {
      if (options.signal?.aborted) return
      const { added, existing, different } = await addMissing(batch, {
        collection,
        isEmpty,
        options,
        fields,
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

/**
 * Counts the accounts of the file, and reads it to its end.
 * @throws InputError if one of them is new, and a new account may not have its id or its fields
 */
async function countAccounts(
  accounts: mongo.Collection<AccountRecord>,
  { file = accountsFile, fileFormat, reset }: SeedOptions,
  fields: OwnFields | undefined,
): Promise<number> {
  let count = 0
  // An account of an earlier version, or from before a rule, stays.
  const exists = async (_id: string): Promise<boolean> =>
    reset === undefined && (await accounts.findOne({ _id })) !== null
  for await (const { _id, createdAt } of accountsOfFile({ file, fileFormat }, { fields, exists })) {
    count += 1
    // An exported account keeps its id.
    const problem = createdAt === SEEDED_AT ? newIdentifierProblem(_id) : undefined
    if (problem === undefined || (await exists(_id))) continue
    throw new InputError(`${quote(file)}: account id ${quote(_id)} is not ${problem}`)
  }
  return count
}

interface Target {
  readonly collection: mongo.Collection<AccountRecord>
  /** Whether no account existed at the start, so that none needs to be looked up. */
  readonly isEmpty: boolean
  readonly options: SeedOptions
  /** The own fields of the ledger's accounts, if they have any. */
  readonly fields: OwnFields | undefined
}

async function addMissing(batch: readonly AccountRecord[], target: Target): Promise<Seeded> {
  const { collection, isEmpty, options, fields } = target
  const found = isEmpty ? new Map<string, AccountRecord>() : await findAccounts(batch, target)
  const missing = batch.filter(({ _id }) => !found.has(_id))
  const different = batch.filter((account) => {
    const existing = found.get(account._id)
    return existing && isDifferent(account, existing, fields)
  })
  if (missing.length > 0 && !options.dryRun) {
    try {
      await collection.insertMany(missing, { ordered: false })
    } catch (error) {
      if (!hasOnlyDuplicateIds(error)) throw error
      // Another process added some at the same time. Look again: now they are found.
      const rest = await addMissing(missing, { ...target, isEmpty: false })
      const added = error.insertedCount + rest.added
      return {
        added,
        existing: batch.length - added,
        different: different.length + rest.different,
      }
    }
  }
  return { added: missing.length, existing: found.size, different: different.length }
}

/** Compares money by its bytes first, because that is far faster. Equal bytes are equal money. */
const isDifferent = (
  account: AccountRecord,
  existing: AccountRecord,
  fields: OwnFields | undefined,
): boolean =>
  !(
    fields === undefined &&
    account.holder === existing.holder &&
    account.currency === existing.currency &&
    Buffer.compare(account.openingBalance.bytes, existing.openingBalance.bytes) === 0
  ) && openingDifferences(account, existing, fields).length > 0

const projectionOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, 1 as const]))

async function findAccounts(
  batch: readonly AccountRecord[],
  { collection, options, fields }: Target,
): Promise<Map<string, AccountRecord>> {
  const cursor = collection.find(
    {
      _id: { $in: batch.map(({ _id }) => _id) },
      // A dry run has not removed them.
      ...(options.dryRun && options.reset && { createdAt: { $ne: SEEDED_AT } }),
    },
    {
      projection: projectionOf(['holder', 'currency', 'openingBalance', ...(fields?.names ?? [])]),
    },
  )
  const found = new Map<string, AccountRecord>()
  for await (const account of cursor) found.set(account._id, account)
  return found
}
