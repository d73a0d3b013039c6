import type { mongo } from 'mongoose'
import { DEFAULT_LEDGER } from '../definition.ts'
import type { MigrationSettings } from '../migration/migration.ts'
import type { BatchRecord, RefusalRecord } from '../models/batch.ts'

/**
 * The name of the batch that posts a notebook's transfers. Its record is written before a collection of the
 * notebook is renamed, and removed after all collections have their names back. Only this record says that
 * `notebook_accounts` and `notebook_transfers` are ours. Somebody else may have collections of these names.
 */
export const ADOPTION_BATCH = 'notebook'

/** The source of that batch: the collection that the transfers are read from. */
export const ADOPTION_SOURCE = 'notebook_transfers'

/** The record of an adoption. Undefined if there is none, even if another batch has its name. */
export async function findAdoption(database: mongo.Db): Promise<BatchRecord | undefined> {
  const record = await batchesOf(database).findOne({ _id: ADOPTION_BATCH, source: ADOPTION_SOURCE })
  return typeof record?.digest === 'string' && typeof record.reading === 'string'
    ? record
    : undefined
}

/** The options that an adoption is started with, and continued with. */
export type AdoptionOptions = Pick<MigrationSettings, 'currency' | 'skipUnadoptable'>

/** The options of an adoption, as text: what `reading` in its record is. */
export const adoptionReading = ({ currency, skipUnadoptable }: AdoptionOptions): string =>
  JSON.stringify({ currency, skipUnadoptable })

export const adoptionOptions = ({ reading }: BatchRecord): AdoptionOptions =>
  JSON.parse(reading) as AdoptionOptions

/** Whether `batches` has a document with the name of the adoption's record, whoever wrote it. */
export const isAdoptionNameTaken = async (database: mongo.Db): Promise<boolean> =>
  (await batchesOf(database).findOne({ _id: ADOPTION_BATCH })) !== null

/** Records an adoption that is about to start. Replaces the record of one that was partly undone. */
export async function recordAdoption(database: mongo.Db, record: BatchRecord): Promise<void> {
  await refusalsOf(database).deleteMany(REFUSALS_OF_ADOPTION)
  await batchesOf(database).replaceOne({ _id: ADOPTION_BATCH }, record, { upsert: true })
}

/** Removes an adoption's refusals, then its record. Drops these collections, and those of groups and holds, if they are empty then. */
export async function forgetAdoption(database: mongo.Db): Promise<void> {
  const batches = batchesOf(database)
  const refusals = refusalsOf(database)
  await refusals.deleteMany(REFUSALS_OF_ADOPTION)
  const { transfer_groups: groups, holds } = DEFAULT_LEDGER.collections
  for (const collection of [refusals, database.collection(groups), database.collection(holds)]) {
    if (!(await collection.findOne())) await collection.drop()
  }
  const otherBatch = await batches.findOne({ _id: { $ne: ADOPTION_BATCH } })
  if (otherBatch) await batches.deleteOne({ _id: ADOPTION_BATCH })
  else await batches.drop()
}

const REFUSALS_OF_ADOPTION = { '_id.batch': ADOPTION_BATCH }

const batchesOf = (database: mongo.Db) =>
  database.collection<BatchRecord>(DEFAULT_LEDGER.collections.batches)

const refusalsOf = (database: mongo.Db) =>
  database.collection<RefusalRecord>(DEFAULT_LEDGER.collections.refusals)
