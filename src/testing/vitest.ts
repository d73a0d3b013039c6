import { inject, test as plainTest } from 'vitest'
import { type TestDatabase, openTestDatabase } from './database.ts'

/** What a test takes from its context: see {@link TestDatabase}. Reset and closing happen by themselves. */
export interface TestDatabaseFixtures extends Omit<TestDatabase, 'reset' | 'close'> {
  readonly database: TestDatabase
}

const file = { scope: 'file' } as const

/**
 * vitest's `test`, with a database for each test file on mongoose's default connection, emptied before
 * each test. Tests marked concurrent share it, and are not preceded by a reset.
 */
export const test = plainTest.extend<{
  $file: TestDatabaseFixtures
  $test: { emptyDatabase: void }
}>({
  database: [
    async ({}, use) => {
      const database = await openTestDatabase({ uri: inject('mongodbUri') })
      await use(database)
      await database.close()
    },
    { ...file, auto: true },
  ],
  connection: [({ database }, use) => use(database.connection), file],
  Account: [({ database }, use) => use(database.Account), file],
  Transfer: [({ database }, use) => use(database.Transfer), file],
  Batch: [({ database }, use) => use(database.Batch), file],
  openAccount: [({ database }, use) => use(database.openAccount), file],
  transferRequest: [({ database }, use) => use(database.transferRequest), file],
  postTransfer: [({ database }, use) => use(database.postTransfer), file],
  assertBooksBalance: [({ database }, use) => use(database.assertBooksBalance), file],
  failNext: [({ database }, use) => use(database.failNext), file],
  stopFailing: [({ database }, use) => use(database.stopFailing), file],
  emptyDatabase: [
    async ({ database, task }, use) => {
      if (!task.concurrent) await database.reset()
      await use()
      if (!task.concurrent) await database.stopFailing()
    },
    { auto: true },
  ],
})

declare module 'vitest' {
  export interface ProvidedContext {
    /** The replica set of this test run. */
    mongodbUri: string
  }
}
