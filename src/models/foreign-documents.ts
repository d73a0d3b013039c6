import type { mongo } from 'mongoose'
import type { RecordCollection } from '../definition.ts'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import { isServerError } from '../mongodb/server-errors.ts'

/** A field that every record of a collection has, in every version of Daybook, and hardly a document of anybody else. */
export const OWN_FIELD = {
  accounts: 'openingBalance',
  transfers: 'fromSequence',
  transfer_groups: 'legs',
  batches: 'digest',
  refusals: '_id.line',
  holds: 'captured',
} as const satisfies Record<RecordCollection, string>

/** How long to look for a document, in milliseconds. There is no index for it. */
const LONGEST_LOOK_MS = 10_000

/** A collection of the ledger: which one, and as it is in the database. */
interface LedgerCollection {
  readonly key: RecordCollection
  readonly name: string
  readonly options?: mongo.Document | undefined
}

/**
 * Checks that a collection holds no documents of another program, whose writes Daybook's validator would refuse.
 * @throws InputError that names the collection, one of the documents, and what to do
 */
export async function requireOwnDocuments(
  database: mongo.Db,
  { key, name, options }: LedgerCollection,
): Promise<void> {
  if (isOwnValidation(options, key)) return
  const foreign = await findDocument(database.collection(name), {
    [OWN_FIELD[key]]: { $exists: false },
  })
  if (!foreign) return
  throw new InputError(
    `the collection ${quote(name)} holds documents of another program, such as the one with the _id ${quote(foreign['_id'])}, which has no ${OWN_FIELD[key]}. Daybook’s validator would refuse what that program writes. ${isNotebook(foreign) ? 'If they are a notebook’s, adopt them with daybook migrate up. Else: ' : ''}${remedyFor(key)}`,
  )
}

/** Whether a document could be one of a notebook, which Daybook can adopt. */
const isNotebook = (document: mongo.Document): boolean =>
  'account_id' in document || 'transfer_id' in document

/** Whether a collection has documents, and none of them is Daybook's. */
export async function isForeign(
  database: mongo.Db,
  { key, name }: LedgerCollection,
): Promise<boolean> {
  const collection = database.collection(name)
  return (
    (await findDocument(collection, { [OWN_FIELD[key]]: { $exists: true } })) === undefined &&
    (await findDocument(collection, {})) !== undefined
  )
}

/** What to do if a collection belongs to another program. */
export function remedyFor(key: RecordCollection): string {
  const other = JSON.stringify({ collections: { [key]: `daybook_${key}` } })
  return `Give Daybook’s ${key} another collection with defineLedger(connection, ${other}), and the same in the file daybook.config.json for the command line`
}

interface StoredValidator {
  readonly $jsonSchema?: { readonly required?: unknown }
}

/** Whether the server already keeps other documents out, by the validator of this or of an earlier version of Daybook. */
function isOwnValidation(options: mongo.Document | undefined, key: RecordCollection): boolean {
  const { validator, validationLevel = 'strict', validationAction = 'error' } = options ?? {}
  const required = (validator as StoredValidator | undefined)?.$jsonSchema?.required
  return (
    validationLevel === 'strict' &&
    validationAction === 'error' &&
    Array.isArray(required) &&
    required.includes(OWN_FIELD[key])
  )
}

/** The fields that say whose a document is. Undefined if there is none, or if none is found within ten seconds. */
async function findDocument(
  collection: mongo.Collection,
  filter: object,
): Promise<mongo.Document | undefined> {
  const options = {
    projection: { _id: 1, account_id: 1, transfer_id: 1 },
    readPreference: 'primary',
    maxTimeMS: LONGEST_LOOK_MS,
  } as const
  try {
    return (await collection.findOne(filter, options)) ?? undefined
  } catch (error) {
    if (isServerError(error, 'MaxTimeMSExpired')) return undefined
    throw error
  }
}
