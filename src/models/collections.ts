import mongoose, { type Connection, type mongo } from 'mongoose'
import { type FieldOwner, type RecordCollection, collectionsOf } from '../definition.ts'
import { DatabaseError, InputError, InvalidFieldError } from '../errors.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { named, quote } from '../messages.ts'
import { type Decimal, Decimal128, LIMIT } from '../money/money.ts'
import { explainedAccess, isMissingRight } from '../mongodb/access.ts'
import { databaseOf, primaryDatabaseOf } from '../mongodb/connection.ts'
import { isServerError } from '../mongodb/server-errors.ts'
import { ledgerModels } from './define-ledger.ts'
import { isForeign, requireOwnDocuments } from './foreign-documents.ts'
import type { MoneyBounds } from './money-path.ts'
import { serverRuleOf } from './own-paths.ts'
import { ownSchemaOf } from './plugins.ts'
import type { AnyModel } from './taken-names.ts'
import { transferGroupModel } from './transfer-group.ts'
import { transferModel } from './transfer.ts'

const { EJSON } = mongoose.mongo.BSON

/**
 * Creates the collections with their indexes and validators. The validators hold for every program that
 * writes to the collections. Existing collections stay, and their validators are brought up to date. Call
 * this before the first transaction, because indexes and validators cannot be created inside one.
 * @throws InputError if a collection holds documents of another program, or if that program's model has the name or
 * the collection of one of Daybook's; DatabaseError if the user lacks a right, or if a name is that of a view
 * @example
 * await mongoose.connect(uri)
 * await createCollections(mongoose.connection)
 */
export async function createCollections(connection: Connection): Promise<void> {
  try {
    await requireOwnCollections(connection)
    await createWithValidators(connection)
    for (const [, model] of modelsOf(connection)) await model.createIndexes()
  } catch (error) {
    throw await explainedAccess(error, connection)
  }
}

/**
 * Checks that neither the named collections nor, by default, any of them belong to another program.
 * @throws InputError if one holds documents of another shape
 */
export async function requireOwnCollections(
  connection: Connection,
  only?: readonly RecordCollection[],
): Promise<void> {
  const expected = expectedCollections(connection)
  const database = primaryDatabaseOf(connection)
  const existing = await storedCollections(database)
  for (const { key, name } of expected) {
    const stored = existing.get(name)
    if (stored?.type !== 'collection' || (only && !only.includes(key))) continue
    await requireOwnDocuments(database, { key, name, options: stored.options })
  }
}

/** Creates the named collections, or all of them, with their validators but without their indexes. */
export async function createWithValidators(
  connection: Connection,
  only?: readonly RecordCollection[],
): Promise<void> {
  const database = primaryDatabaseOf(connection)
  const existing = await storedCollections(database)
  for (const { key, name, validator } of expectedCollections(connection)) {
    if (only && !only.includes(key)) continue
    const stored = existing.get(name)
    if (!stored && (await createIfMissing(database, name, { validator }))) continue
    // Changing a validator takes a privilege that many users who can create a collection do not have.
    if (stored && validationProblem(stored, validator) === undefined) continue
    if (key === 'accounts') await requireFittingAccounts(connection, validator)
    await setValidator(database, name, validator)
  }
}

/**
 * Checks that the values of accounts' own fields fit a new validator: it would refuse each posting to an account with another.
 * @throws InputError that names such an account and the field
 */
async function requireFittingAccounts(
  connection: Connection,
  { $jsonSchema }: Validator,
): Promise<void> {
  const { account: fields } = ownFieldsOf(connection)
  if (!fields) return
  const properties = Object.fromEntries(
    fields.names.map((name) => [name, $jsonSchema.properties[name]]),
  )
  const account = await primaryDatabaseOf(connection)
    .collection<AccountRecord>(collectionsOf(connection).accounts)
    .findOne({ $nor: [{ $jsonSchema: { properties } }] }, { readPreference: 'primary' })
  if (!account) return
  const reading = fields.read(fields.of(account), { mayLack: true })
  const problem = reading instanceof InvalidFieldError ? reading : reading.refusal
  throw new InputError(
    `account ${named(account._id)} does not fit the fields of the ledger’s definition${problem ? `: its ${problem.message}` : ''}. Change such accounts first, or allow their values: posting to them would fail`,
  )
}

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

/**
 * The names of those of the collections that the database does not have. None if the user may not list them.
 * @throws InputError if one that it has holds documents of another program
 */
export async function missingCollections(connection: Connection): Promise<string[]> {
  try {
    await requireOwnCollections(connection)
    const stored = await storedCollections(primaryDatabaseOf(connection))
    const names = expectedCollections(connection).map(({ name }) => name)
    return names.filter((name) => !stored.has(name))
  } catch (error) {
    if (isMissingRight(error)) return []
    throw error
  }
}

/**
 * The names of those collections whose validators are not those of this version and this definition. None if the user may
 * not list them.
 */
export async function outdatedValidators(connection: Connection): Promise<string[]> {
  try {
    const stored = await storedCollections(primaryDatabaseOf(connection))
    return expectedCollections(connection).flatMap(({ name, validator }) => {
      const found = stored.get(name)
      return found && validationProblem(found, validator) !== undefined ? [name] : []
    })
  } catch (error) {
    if (isMissingRight(error)) return []
    throw error
  }
}

/** The collections and views that a database has, by name. */
export async function storedCollections(
  database: mongo.Db,
): Promise<Map<string, mongo.CollectionInfo>> {
  const collections = await database.listCollections<mongo.CollectionInfo>({}).toArray()
  return new Map(collections.map((collection) => [collection.name, collection]))
}

/** How the validation of a collection differs from what it should be, as a phrase. Undefined if it does not. */
export function validationProblem(
  { options = {} }: mongo.CollectionInfo,
  expected: object,
): string | undefined {
  const {
    validator,
    validationLevel: level = 'strict',
    validationAction: action = 'error',
  } = options
  if (!validator) return 'has no validator'
  if (!isSameValidator(validator, expected)) return 'has another validator than Daybook’s'
  if (level !== 'strict') return `has the validation level ${quote(level)}, not "strict"`
  if (action !== 'error') return `has the validation action ${quote(action)}, not "error"`
  return undefined
}

/**
 * Removes the validators and indexes that {@link createCollections} made, and collections that are empty. Leaves those
 * that hold only another program's documents.
 */
export async function removeCollections(connection: Connection): Promise<void> {
  const database = databaseOf(connection)
  const existing = await storedCollections(database)
  for (const [key, model] of modelsOf(connection)) {
    const name = model.collection.collectionName
    if (existing.has(name) && !(await isForeign(database, { key, name })))
      await removeCollection(database, model)
  }
}

/**
 * Removes the collection of holds if it is empty, else its validator and indexes.
 * @throws InputError if a hold is active: an earlier version would not know that its money is promised
 */
export async function removeHolds(connection: Connection): Promise<void> {
  const { Hold } = ledgerModels(connection)
  const database = databaseOf(connection)
  const name = Hold.collection.collectionName
  if (!(await storedCollections(database)).has(name)) return
  const active = await database
    .collection<{ _id: string }>(name)
    .findOne({ status: 'active' }, { readPreference: 'primary' })
  if (active) {
    throw new InputError(
      `hold ${quote(active._id)} is active: capture, release or expire all holds before their collection is removed`,
    )
  }
  await removeCollection(database, Hold as unknown as AnyModel)
}

async function removeCollection(
  database: mongo.Db,
  { collection: { collectionName }, schema }: AnyModel,
): Promise<void> {
  const collection = database.collection(collectionName)
  if (!(await collection.findOne({}, { readPreference: 'primary' }))) {
    await collection.drop()
    return
  }
  await setValidator(database, collectionName, {})
  await dropIndexes(
    collection,
    schema.indexes().map(([keys]) => keys),
  )
}

/** Removes the indexes of transfers by their effective dates. */
export const removeEffectiveDateIndexes = (connection: Connection): Promise<void> =>
  removeTransferIndexes(connection, 'effectiveAt')

/** Removes the index of transfers by their groups, and the collection of groups if it is empty. */
export async function removeGroups(connection: Connection): Promise<void> {
  await removeTransferIndexes(connection, 'group')
  const database = databaseOf(connection)
  const groups = transferGroupModel(connection).collection.collectionName
  if (!(await storedCollections(database)).has(groups)) return
  if (!(await database.collection(groups).findOne({}))) await database.dropCollection(groups)
}

/** Removes the indexes of transfers that have a field among their keys. */
async function removeTransferIndexes(connection: Connection, field: string): Promise<void> {
  const { collection, schema } = transferModel(connection)
  const database = databaseOf(connection)
  const name = collection.collectionName
  if (!(await storedCollections(database)).has(name)) return
  const keys = schema.indexes().flatMap(([each]) => (field in each ? [each] : []))
  await dropIndexes(database.collection(name), keys)
}

async function dropIndexes(
  collection: mongo.Collection,
  indexes: readonly object[],
): Promise<void> {
  const existing = new Set((await collection.indexes()).map(({ name }) => name))
  for (const keys of indexes) {
    const name = indexNameOf(keys)
    if (existing.has(name)) await collection.dropIndex(name)
  }
}

/** The name that MongoDB gives to an index with these keys. */
const indexNameOf = (keys: object): string => Object.entries(keys).flat().join('_')

/** The model of each collection. */
function modelsOf(connection: Connection): [RecordCollection, AnyModel][] {
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

/** Creates a collection. Returns false if it already exists. */
export async function createIfMissing(
  database: mongo.Db,
  name: string,
  options: mongo.CreateCollectionOptions = {},
): Promise<boolean> {
  try {
    await database.createCollection(name, options)
    return true
  } catch (error) {
    if (isServerError(error, 'NamespaceExists')) return false
    throw error
  }
}

async function setValidator(
  database: mongo.Db,
  name: string,
  validator: Validator | Record<string, never>,
): Promise<void> {
  try {
    await database.command({
      collMod: name,
      validator,
      validationLevel: 'strict',
      validationAction: 'error',
    })
  } catch (error) {
    if (isServerError(error, 'InvalidOptions')) {
      throw new DatabaseError(
        `${name} is not a collection that can have a validator, such as a view: rename or drop it, then create the collections again`,
        { cause: error },
      )
    }
    throw error
  }
}

const isSameValidator = (one: unknown, other: unknown): boolean =>
  EJSON.stringify(one ?? {}) === EJSON.stringify(other)

/** The collections whose records can have fields of the ledger's own. */
const OWNER_OF: Partial<Record<RecordCollection, FieldOwner>> = {
  accounts: 'account',
  transfers: 'transfer',
}

const decimal128 = (value: Decimal): Decimal128 => Decimal128.fromString(value.toString())

interface Validator {
  readonly $jsonSchema: { readonly properties: Readonly<Record<string, object>> }
}

/** The part of a Mongoose schema that a validator is derived from. */
interface SchemaPaths {
  toJSONSchema(options: { useBsonType: boolean }): Record<string, unknown>
  eachPath(visit: (path: string, type: { instance: string; options: object }) => void): unknown
}

/** Converts a schema to MongoDB's `$jsonSchema`. Bounds on each money field keep out NaN and Infinity. */
function validatorOf(schema: SchemaPaths, owner: FieldOwner | undefined): Validator {
  const jsonSchema = schema.toJSONSchema({ useBsonType: true }) as {
    properties: Record<string, object>
  }
  schema.eachPath((path, { instance, options }) => {
    const property = jsonSchema.properties[path]
    // Checking each of an account's 100 latest ids would make every update of it a quarter slower.
    if (property && 'items' in property) delete property.items
    const rule = owner && serverRuleOf(options, owner)
    if (rule) jsonSchema.properties[path] = rule
    if (instance !== 'Decimal128' || !property || rule) return
    const { above, atLeast } = options as MoneyBounds
    const lower = {
      minimum: decimal128(above ?? atLeast ?? LIMIT.neg()),
      exclusiveMinimum: !atLeast,
    }
    Object.assign(property, lower, { maximum: decimal128(LIMIT), exclusiveMaximum: true })
  })
  return { $jsonSchema: jsonSchema }
}
