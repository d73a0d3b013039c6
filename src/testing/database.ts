import { randomUUID } from 'node:crypto'
import mongoose, { type Connection, type Model } from 'mongoose'
import type { LedgerDefinition } from '../definition.ts'
import type { AccountModel } from '../models/account-interface.ts'
import type { BatchRecord } from '../models/batch.ts'
import { createCollections } from '../models/collections.ts'
import { defineLedger, ledgerModels } from '../models/define-ledger.ts'
import { isDaybookSchema } from '../models/taken-names.ts'
import type { TransferModel } from '../models/transfer.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { assertBooksBalance } from './books.ts'
import { requireDynamicImport } from './dynamic-import.ts'
import { type Factories, type FactoryNumbers, factoriesOf } from './factories.ts'
import {
  type Failure,
  type FailureName,
  type FailureOptions,
  failNext,
  stopFailing,
} from './failure.ts'
import { type KeptDocuments, emptyCollections, keepDocuments } from './kept-documents.ts'
import { type ReplicaSetOptions, joinReplicaSet } from './replica-set.ts'

/** Which connection a test database uses, and which replica set. */
export interface TestDatabaseOptions extends ReplicaSetOptions {
  /**
   * A connection that is not open yet, such as `mongoose.createConnection()` returns. By default it is mongoose's
   * default connection, to which the exported `Account` and the models of `mongoose.model()` belong.
   */
  readonly connection?: Connection | undefined
  /**
   * The names of the ledger's models and collections, as for `defineLedger()`. By default those that the connection
   * already has.
   */
  readonly ledger?: LedgerDefinition | undefined
}

/** A new, empty database for a test file, with Daybook's models on it and the tools that its tests need. */
export interface TestDatabase extends Factories {
  /** The open connection. The name of its database is new. */
  readonly connection: Connection
  readonly Account: AccountModel
  readonly Transfer: TransferModel
  readonly Batch: Model<BatchRecord>

  /** Asserts that the books balance: see {@link assertBooksBalance}. */
  readonly assertBooksBalance: () => Promise<void>

  /** Makes the server fail the next command of this connection: see {@link failNext}. */
  readonly failNext: (failure: FailureName | Failure, options?: FailureOptions) => Promise<void>

  /** Cancels the failures that have not happened yet: see {@link stopFailing}. */
  readonly stopFailing: () => Promise<void>

  /**
   * Keeps the content of all collections as it is now, in memory. From now on every reset returns to it, with the
   * factories' numbers as they are now. For what all tests of a file need and is slow to make: up to about 10,000
   * documents.
   */
  readonly keep: () => Promise<void>

  /**
   * Empties every collection, or returns to what was kept. Restarts the factories' numbers and cancels failures that have
   * not happened. Indexes and validators stay. Also creates the collections and indexes of models that were added since, and opens
   * the connection again if it was closed.
   */
  readonly reset: () => Promise<void>

  /**
   * Drops the database and closes its connection. The last test database of a process also stops the replica set
   * that the process started. It is safe to call it twice.
   */
  readonly close: () => Promise<void>
}

/**
 * Opens a database with a new name, in the replica set at `uri`, else at MONGODB_URI, else in one that it starts for
 * this process. Creates collections, validators and indexes: Daybook's, and those of all models on the connection.
 * @throws Error if the connection is already open; EngineError if there is no replica set and none can be started;
 * InputError if the URI or the ledger is malformed, or a model of the program has a name of Daybook's
 * @example
 * const database = await openTestDatabase()
 * const { _id: from } = await database.openAccount({ openingBalance: '100' })
 * await database.postTransfer({ from, amount: '40' })
 * await database.assertBooksBalance()
 * await database.close()
 */
export async function openTestDatabase({
  connection = mongoose.connection,
  ledger,
  ...options
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  requireUnopened(connection)
  await requireDynamicImport()
  const { Account, Transfer, Batch } = ledger
    ? defineLedger(connection, ledger)
    : ledgerModels(connection)
  const { numbers, setNumbers, ...factories } = factoriesOf(Account)
  const replicaSet = await joinReplicaSet(options)
  const name = `test-${randomUUID()}`
  const createdModels = new Set<string>()
  try {
    await open(connection, { uri: replicaSet.uri, name })
    await createCollections(connection)
    await createModels(connection, createdModels)
  } catch (error) {
    await connection.close()
    await replicaSet.stop()
    throw error
  }
  let kept: { documents: KeptDocuments; numbers: FactoryNumbers } | undefined
  let closing: Promise<void> | undefined
  const reopen = async () => {
    // The program under test may have closed the connection.
    if (isClosed(connection)) await open(connection, { uri: replicaSet.uri, name })
  }
  const close = async () => {
    await reopen()
    await stopFailing(connection)
    await connection.dropDatabase()
    await connection.close()
    await replicaSet.stop()
  }
  return {
    connection,
    Account,
    Transfer,
    Batch,
    ...factories,
    assertBooksBalance: () => assertBooksBalance(connection),
    failNext: (failure, failureOptions) => failNext(connection, failure, failureOptions),
    stopFailing: () => stopFailing(connection),
    async keep() {
      kept = { documents: await keepDocuments(databaseOf(connection)), numbers: numbers() }
    },
    async reset() {
      setNumbers(kept?.numbers ?? { accounts: 0, transfers: 0 })
      await reopen()
      await stopFailing(connection)
      await createModels(connection, createdModels)
      await (kept ? kept.documents.restore() : emptyCollections(databaseOf(connection)))
    },
    close: () => (closing ??= close()),
  }
}

const isClosed = ({ readyState }: Connection): boolean =>
  readyState === mongoose.ConnectionStates.disconnected ||
  readyState === mongoose.ConnectionStates.uninitialized

function requireUnopened(connection: Connection): void {
  if (isClosed(connection)) return
  const { name, host, port } = connection
  throw new Error(
    `the connection is already open, to the database ${name} at ${host}:${port}, but a test database opens it itself. Close it first (mongoose.disconnect() closes the default one), or pass another: { connection: mongoose.createConnection() }`,
  )
}

async function open(
  connection: Connection,
  { uri, name }: { uri: string; name: string },
): Promise<void> {
  await connection.openUri(uri, {
    dbName: name,
    // The server recognizes by this name the client whose commands it fails.
    appName: name,
    // Mongoose would create collections and indexes in the background and conflict with the first transactions.
    autoCreate: false,
    autoIndex: false,
    monitorCommands: true,
  })
}

/** Creates collections and indexes of models that are not in `created`, unless their schemas say not to. */
async function createModels(connection: Connection, created: Set<string>): Promise<void> {
  const models = Object.values(connection.models).filter(
    // createCollections() makes those of Daybook.
    ({ modelName, schema }) => !created.has(modelName) && !isDaybookSchema(schema),
  )
  await Promise.all(
    models.map(async (model) => {
      const { autoCreate, autoIndex } = model.schema.options
      if (autoCreate !== false) await model.createCollection()
      if (autoIndex !== false) await model.createIndexes()
      created.add(model.modelName)
    }),
  )
}
