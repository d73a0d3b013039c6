import type { Connection, mongo } from 'mongoose'
import { type RecordCollection, collectionsOf } from '../definition.ts'
import { InputError, InvalidFieldError } from '../errors.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { named } from '../messages.ts'
import { explainedAccess, isMissingRight } from '../mongodb/access.ts'
import { primaryDatabaseOf, waitUntilOpen } from '../mongodb/connection.ts'
import { isServerError } from '../mongodb/server-errors.ts'
import { expectedCollections, modelsOf, storedCollections } from './expected-collections.ts'
import { requireOwnDocuments } from './foreign-documents.ts'
import { type Validator, setValidator, validationProblem } from './validators.ts'

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
  await waitUntilOpen(connection)
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
