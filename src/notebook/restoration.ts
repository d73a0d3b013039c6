import type { mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { named } from '../messages.ts'
import type { MigrationParameters } from '../migration/migration.ts'
import type { BatchRecord } from '../models/batch.ts'
import { createWithValidators } from '../models/collections.ts'
import { storedCollections } from '../models/expected-collections.ts'
import { toDecimal } from '../money/money.ts'
import { endAllAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { ADOPTION_BATCH, adoptionOptions, findAdoption } from './adoption-record.ts'
import {
  COLLECTION_NAMES,
  blockWrites,
  bringNotebookBack,
  daybookDocuments,
  isAdoptable,
  keptCollections,
  ledgerAccounts,
  renamedCollections,
} from './collections.ts'
import type { AdoptableAccount } from './documents.ts'
import { findKeptName } from './find-notebook.ts'
import { surveyAccounts } from './survey.ts'

/**
 * Brings the collections of an adopted notebook back exactly as they were, and drops Daybook's accounts and
 * transfers. Does nothing if no notebook was adopted. Until the notebook is back, the server refuses writes
 * by other programs. If it was killed at any moment and is called again, it ends in the same state.
 * @throws InputError if anything came after the adoption. It names what would be lost. Nothing was brought
 * back
 */
export async function restoreNotebook({
  connection,
  log,
}: MigrationParameters<undefined>): Promise<void> {
  if (!isAdoptable(connection)) return
  const database = primaryDatabaseOf(connection)
  const adoption = await findAdoption(database)
  const collections = await storedCollections(database)
  if (!adoption) {
    const foreign = findKeptName(collections)
    if (foreign !== undefined) log(`left ${foreign} as it is, because no adoption made it`)
    return
  }
  await endAllAbandonedTransactions(connection)
  if (renamedCollections(collections) === 'both') {
    // Checks first without blocking writes, so that a refusal does not disturb other programs.
    await requireNothingSince(database, adoption)
    // An adoption that was killed early has not created the collections.
    await createWithValidators(connection, COLLECTION_NAMES)
    await blockWrites(database)
    await requireNothingSince(database, adoption).catch(async (error: unknown) => {
      await createWithValidators(connection, COLLECTION_NAMES)
      throw error
    })
  }
  await bringNotebookBack(database)
}

/** @throws InputError if Daybook's collections have anything that the adoption did not bring */
async function requireNothingSince(database: mongo.Db, adoption: BatchRecord): Promise<void> {
  const adopted = await adoptedAccounts(database, adoption)
  const opened: string[] = []
  const changed: string[] = []
  for await (const account of ledgerAccounts(database).find(daybookDocuments('accounts'))) {
    const before = adopted.get(account._id)?.account
    if (!before) opened.push(account._id)
    else if (hasChanged(before, account)) changed.push(account._id)
  }
  const isPosted = { ...daybookDocuments('transfers'), batch: { $ne: ADOPTION_BATCH } }
  const isReplayed = { _id: { $ne: ADOPTION_BATCH }, startedAt: { $gte: adoption.startedAt } }
  const [transfers, batches] = await Promise.all([
    idsOf(database, 'transfers', isPosted),
    idsOf(database, 'batches', isReplayed),
  ])
  const lost = [
    listed(transfers, 'transfers'),
    listed({ count: opened.length, ids: opened }, 'opened accounts'),
    listed({ count: changed.length, ids: changed }, 'changed accounts'),
    listed(batches, 'batches'),
  ].filter((part) => part !== undefined)
  if (lost.length === 0) return
  throw new InputError(
    `the notebook was not brought back, because what came after its adoption would be lost: ${lost.join(', ')}. To continue with Daybook, run daybook migrate up`,
  )
}

async function adoptedAccounts(database: mongo.Db, adoption: BatchRecord) {
  const { currency } = adoptionOptions(adoption)
  const documents = keptCollections(database).accounts.find(
    {},
    { projection: { transfers_complete: 0 } },
  )
  return (await surveyAccounts(documents, { currency, log: () => undefined })).accounts
}

/** Whether an account was changed after its adoption, other than by transfers. */
const hasChanged = (adopted: AdoptableAccount, account: AccountRecord): boolean =>
  account.status !== 'open' ||
  account.holder !== adopted.holder ||
  !toDecimal(account.overdraftLimit).eq(adopted.overdraftLimit)

interface Ids {
  readonly count: number
  /** The first of them, or all. */
  readonly ids: readonly string[]
}

const LISTED = 3

async function idsOf(database: mongo.Db, name: string, filter: object): Promise<Ids> {
  const collection = database.collection<{ _id: string }>(name)
  const count = await collection.countDocuments(filter)
  const documents = await collection
    .find(filter, { projection: { _id: 1 }, limit: LISTED })
    .toArray()
  return { count, ids: documents.map(({ _id }) => _id) }
}

function listed({ count, ids }: Ids, what: string): string | undefined {
  if (count === 0) return undefined
  const names = ids
    .slice(0, LISTED)
    .map((id) => named(id))
    .join(', ')
  return `${what}: ${count} (${names}${count > LISTED ? ', …' : ''})`
}
