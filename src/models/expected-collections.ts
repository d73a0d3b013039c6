import type { Connection, mongo } from 'mongoose'
import type { FieldOwner, RecordCollection } from '../definition.ts'
import { ledgerModels } from './define-ledger.ts'
import { ownSchemaOf } from './plugins.ts'
import type { AnyModel } from './taken-names.ts'
import { type Validator, validatorOf } from './validators.ts'

/** A collection as {@link createCollections} makes it. */
export interface ExpectedCollection {
  readonly key: RecordCollection
  readonly name: string
  readonly validator: Validator
  /** Each index besides that of `_id`. */
  readonly indexes: readonly ExpectedIndex[]
}

export interface ExpectedIndex {
  readonly keys: Readonly<Record<string, unknown>>
  /** Which documents the index has; undefined if it has all of them. */
  readonly partialFilterExpression: object | undefined
}

/** The collections as {@link createCollections} makes them. */
export const expectedCollections = (connection: Connection): ExpectedCollection[] =>
  modelsOf(connection).map(([key, { collection, schema }]) => ({
    key,
    name: collection.collectionName,
    validator: validatorOf(ownSchemaOf(schema), OWNER_OF[key]),
    indexes: ownSchemaOf(schema)
      .indexes()
      .map(([keys, { partialFilterExpression }]) => ({ keys, partialFilterExpression })),
  }))

/** The collections and views that a database has, by name. */
export async function storedCollections(
  database: mongo.Db,
): Promise<Map<string, mongo.CollectionInfo>> {
  const collections = await database.listCollections<mongo.CollectionInfo>({}).toArray()
  return new Map(collections.map((collection) => [collection.name, collection]))
}

/** The model of each collection. */
export function modelsOf(connection: Connection): [RecordCollection, AnyModel][] {
  const { Account, Transfer, TransferGroup, Batch, Refusal, Hold } = ledgerModels(connection)
  const models: Record<RecordCollection, unknown> = {
    accounts: Account,
    transfers: Transfer,
    transfer_groups: TransferGroup,
    batches: Batch,
    refusals: Refusal,
    holds: Hold,
  }
  return Object.entries(models) as unknown as [RecordCollection, AnyModel][]
}

/** The collections whose records can have fields of the ledger's own. */
const OWNER_OF: Partial<Record<RecordCollection, FieldOwner>> = {
  accounts: 'account',
  transfers: 'transfer',
}
