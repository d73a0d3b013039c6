import { randomUUID } from 'node:crypto'
import mongoose from 'mongoose'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { accountModel, createCollections, transferModel } from '../../src/index.ts'

/**
 * Gives a test file a database of its own, with collections, validators and indexes made, and the models
 * on it: emptied before each test, dropped at the end.
 */
export function useDatabase() {
  const name = `test-${randomUUID()}`
  const connection = mongoose.createConnection(inject('mongodbUri'), {
    dbName: name,
    appName: name,
    autoCreate: false,
    autoIndex: false,
    monitorCommands: true,
  })

  beforeAll(async () => {
    await connection.asPromise()
    await createCollections(connection)
  })

  beforeEach(async () => {
    const collections = (await connection.db?.collections()) ?? []
    await Promise.all(collections.map((collection) => collection.deleteMany({})))
  })

  afterAll(async () => {
    await connection.dropDatabase()
    await connection.close()
  })

  return { connection, Account: accountModel(connection), Transfer: transferModel(connection) }
}
