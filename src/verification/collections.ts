import { DatabaseError } from '../errors.ts'
import { quote } from '../messages.ts'
import {
  type ExpectedCollection,
  type ExpectedIndex,
  expectedCollections,
  storedCollections,
} from '../models/expected-collections.ts'
import { isForeign, remedyFor } from '../models/foreign-documents.ts'
import { validationProblem } from '../models/validators.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import type { Books } from './books.ts'
import type { ViolationKind, ViolationLog } from './violations.ts'

/** Which of the indexes that the proof reads along exist. Without them it takes far longer. */
export interface UsableIndexes {
  readonly sent: boolean
  readonly received: boolean
}

type Keys = Readonly<Record<string, unknown>>

/** An index as the server describes it. */
interface StoredIndex {
  readonly name: string
  readonly key: Keys
  readonly [option: string]: unknown
}

/** Options with which an index leaves documents out, changes their order, refuses them or deletes them. */
const INDEX_OPTIONS = [
  'unique',
  'sparse',
  'partialFilterExpression',
  'hidden',
  'collation',
  'expireAfterSeconds',
] as const

/** Options of an index that may refuse a posting or delete its transfers, whatever its keys are. */
const HARMFUL_OPTIONS = ['unique', 'expireAfterSeconds'] as const

/** Options of a collection with which the server deletes documents or compares texts in another way. */
const COLLECTION_OPTIONS = ['capped', 'collation', 'expireAfterSeconds'] as const

/**
 * Checks that the collections are what `createCollections()` makes: real collections with their validators and
 * indexes. Returns undefined if one is not a collection, such as a view, or belongs to another program: then its
 * records cannot be proven.
 * @throws DatabaseError if a collection does not exist
 */
export async function checkCollections(
  { connection }: Books,
  log: ViolationLog,
): Promise<UsableIndexes | undefined> {
  const database = primaryDatabaseOf(connection)
  const stored = await storedCollections(database)
  const expected = expectedCollections(connection)
  const missing = expected.filter(({ name }) => !stored.has(name)).map(({ name }) => name)
  if (missing.length > 0) {
    throw new DatabaseError(
      `the database ${quote(database.databaseName)} has no collection ${missing.join(', ')}, so there are no books to verify. Check the name of the database, or create the collections with daybook migrate up or createCollections()`,
    )
  }
  let areCollections = true
  let transferIndexes: readonly StoredIndex[] = []
  for (const collection of expected) {
    const { key, name, validator } = collection
    const add = (kind: ViolationKind, problem: string) =>
      log.add({
        kind,
        collection: key,
        message: `the collection ${name} ${problem}`,
      })
    const { type = 'collection', options = {} } = stored.get(name) ?? {}
    if (type !== 'collection') {
      areCollections = false
      add(
        'collection',
        `is a ${quote(type)}, so no record was checked: rename or drop it, and restore the collection`,
      )
      continue
    }
    for (const option of COLLECTION_OPTIONS) {
      if (!options[option]) continue
      add('collection', `has the option ${option}: copy its documents to a collection without it`)
    }
    const problem = validationProblem({ ...stored.get(name), name, options }, validator)
    if (problem !== undefined && (await isForeign(database, { key, name }))) {
      areCollections = false
      add(
        'collection',
        `holds only documents of another program, so no record was checked. ${remedyFor(key)}`,
      )
      continue
    }
    if (problem !== undefined) add('validator', `${problem}: createCollections() restores it`)
    const indexes = (await database.collection(name).indexes()) as unknown as StoredIndex[]
    checkIndexes(indexes, collection, add)
    if (key === 'transfers') transferIndexes = indexes
  }
  if (!areCollections) return undefined
  const isUsable = (field: string) =>
    transferIndexes.some(
      (index) =>
        differingOptions(index).length === 0 &&
        isSameKeys(index.key, { [`${field}Account`]: 1, [`${field}Sequence`]: 1 }),
    )
  return { sent: isUsable('from'), received: isUsable('to') }
}

function checkIndexes(
  stored: readonly StoredIndex[],
  { indexes }: ExpectedCollection,
  add: (kind: ViolationKind, problem: string) => void,
): void {
  for (const expected of indexes) {
    const same = stored.filter(({ key }) => isSameKeys(key, expected.keys))
    if (same.some((index) => differingOptions(index, expected).length === 0)) continue
    const [first] = same
    if (!first) {
      add('index', `has no index ${JSON.stringify(expected.keys)}: createCollections() restores it`)
      continue
    }
    const options = differingOptions(first, expected).join(', ')
    add(
      'index',
      `has the index ${quote(first.name)} with other options than Daybook’s (${options}): drop it, then createCollections() restores it`,
    )
  }
  for (const index of stored) {
    if (indexes.some(({ keys }) => isSameKeys(index.key, keys))) continue
    for (const option of HARMFUL_OPTIONS) {
      if (index[option] === undefined || index[option] === false) continue
      add('index', `has the foreign index ${quote(index.name)} with the option ${option}: drop it`)
    }
  }
}

/** The options in which an index differs from the expected one, by default one with all documents. */
const differingOptions = (index: StoredIndex, expected?: ExpectedIndex): string[] =>
  INDEX_OPTIONS.filter((option) => {
    const wanted = option === 'partialFilterExpression' ? expected?.[option] : undefined
    const found = index[option] === false ? undefined : index[option]
    return JSON.stringify(found) !== JSON.stringify(wanted)
  })

const isSameKeys = (one: Keys, other: Keys): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
