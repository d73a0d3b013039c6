import { randomUUID } from 'node:crypto'
import mongoose, { type Connection, type Model } from 'mongoose'
import type { AccountModel } from '../models/account-interface.ts'
import { accountModel } from '../models/account.ts'
import { type BatchRecord, batchModel } from '../models/batch.ts'
import { createCollections } from '../models/collections.ts'
import { type TransferModel, transferModel } from '../models/transfer.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { assertBooksBalance } from './books.ts'
import { type Factories, factoriesOf } from './factories.ts'
import {
  type Failure,
  type FailureName,
  type FailureOptions,
  failNext,
  stopFailing,
} from './failure.ts'
import { type ReplicaSetOptions, joinReplicaSet } from './replica-set.ts'

export interface TestDatabaseOptions extends ReplicaSetOptions {
  /**
   * A connection that is not open yet, such as `mongoose.createConnection()` gives. Unless given it is
   * mongoose's default one, to which `Account` and `mongoose.model()` belong.
   */
  readonly connection?: Connection | undefined
}

/** A database of a test file's own, with the models on it and what a test needs besides. */
export interface TestDatabase extends Factories {
  readonly connection: Connection
  readonly Account: AccountModel
  readonly Transfer: TransferModel
  readonly Batch: Model<BatchRecord>

  /** See {@link assertBooksBalance}. */
  readonly assertBooksBalance: () => Promise<void>

  /** See {@link failNext}. */
  readonly failNext: (failure: FailureName | Failure, options?: FailureOptions) => Promise<void>

  /** See {@link stopFailing}. */
  readonly stopFailing: () => Promise<void>

  /** Empties every collection, starts the factories' numbers anew and stops what was to fail. */
  readonly reset: () => Promise<void>

  /** Drops the database and closes its connection; the last one of a process stops what it started. */
  readonly close: () => Promise<void>
}

/**
 * Opens a database with a new name, in the replica set at `uri` or MONGODB_URI, else in one that it starts
 * for this process. Collections, validators and indexes are made: Daybook's, and those of all models
 * that the connection has.
 * @throws Error where the connection is open already; EngineError where there is no replica set
 */
export async function openTestDatabase({
  connection = mongoose.connection,
  ...options
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  requireUnopened(connection)
  const models = {
    Account: accountModel(connection),
    Transfer: transferModel(connection),
    Batch: batchModel(connection),
  }
  const { restart, ...factories } = factoriesOf(models.Account)
  const replicaSet = await joinReplicaSet(options)
  const name = `test-${randomUUID()}`
  const made = new Set<string>()
  try {
    await open(connection, { uri: replicaSet.uri, name })
    await createCollections(connection)
    await makeCollections(connection, made)
  } catch (error) {
    await connection.close()
    await replicaSet.stop()
    throw error
  }
  let closing: Promise<void> | undefined
  const reopen = async () => {
    // The program under test may have closed it.
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
    ...models,
    ...factories,
    assertBooksBalance: () => assertBooksBalance(connection),
    failNext: (failure, failureOptions) => failNext(connection, failure, failureOptions),
    stopFailing: () => stopFailing(connection),
    async reset() {
      restart()
      await reopen()
      await stopFailing(connection)
      await makeCollections(connection, made)
      await emptyCollections(connection)
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
    `the connection is in use, with database ${name} at ${host}:${port}, and a test database is opened on one that is not: close it first (mongoose.disconnect() for the default one), or give another, { connection: mongoose.createConnection() }`,
  )
}

async function open(
  connection: Connection,
  { uri, name }: { uri: string; name: string },
): Promise<void> {
  await connection.openUri(uri, {
    dbName: name,
    // By it the server tells whose commands are to fail.
    appName: name,
    // Mongoose would make them in its own time, and meet the first transactions.
    autoCreate: false,
    autoIndex: false,
    monitorCommands: true,
  })
}

/** Makes collections and indexes of the models that came since the last time, unless their schemas decline. */
async function makeCollections(connection: Connection, made: Set<string>): Promise<void> {
  const models = Object.values(connection.models).filter(({ modelName }) => !made.has(modelName))
  await Promise.all(
    models.map(async (model) => {
      const { autoCreate, autoIndex } = model.schema.options
      if (autoCreate !== false) await model.createCollection()
      if (autoIndex !== false) await model.createIndexes()
      made.add(model.modelName)
    }),
  )
}

async function emptyCollections(connection: Connection): Promise<void> {
  const database = databaseOf(connection)
  const filter = { type: { $ne: 'view' }, name: { $not: /^system\./ } }
  const collections = await database.listCollections(filter, { nameOnly: true }).toArray()
  await Promise.all(collections.map(({ name }) => database.collection(name).deleteMany({})))
}
