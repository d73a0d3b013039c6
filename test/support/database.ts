import mongoose from 'mongoose'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { accountModel, transferModel } from '../../src/index.ts'
import { type TestDatabase, openTestDatabase } from '../../src/testing.ts'

/**
 * Gives a test file a database of its own on a connection of its own, so that these tests also prove that
 * nothing rests on mongoose's default one: emptied before each test, dropped at the end. It is in the replica
 * set that all files share, unless the file starts one of its own.
 */
export function useDatabase({ uri = () => inject('mongodbUri') } = {}) {
  const connection = mongoose.createConnection()
  let database: TestDatabase

  beforeAll(async () => {
    database = await openTestDatabase({ connection, uri: uri() })
  })

  beforeEach(() => database.reset())

  afterAll(() => database.close())

  return { connection, Account: accountModel(connection), Transfer: transferModel(connection) }
}
