import mongoose from 'mongoose'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { type LedgerDefinition, defineLedger } from '../../src/index.ts'
import { type TestDatabase, openTestDatabase } from '../../src/testing/index.ts'

/**
 * Creates a database for a test file, empties it before each test and drops it at the end. It has its own
 * connection, so the tests also prove that nothing depends on Mongoose's default one. It is in the replica
 * set that all test files share, unless the file passes the URI of its own.
 */
export function useDatabase({
  uri = () => inject('mongodbUri'),
  ledger,
}: { uri?: () => string; ledger?: LedgerDefinition } = {}) {
  const connection = mongoose.createConnection()
  const { Account, Transfer, Hold } = defineLedger(connection, ledger)
  let database: TestDatabase

  beforeAll(async () => {
    database = await openTestDatabase({ connection, uri: uri() })
  })

  beforeEach(() => database.reset())

  afterAll(() => database.close())

  return { connection, Account, Transfer, Hold }
}
