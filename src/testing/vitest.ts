import { inject, test as plainTest } from 'vitest'
import { type TestDatabase, openTestDatabase } from './database.ts'

/** What a test takes from its context: see {@link TestDatabase}. Reset and closing happen by themselves. */
export interface TestDatabaseFixtures extends Omit<TestDatabase, 'reset' | 'close'> {
  readonly database: TestDatabase
}

const file = { scope: 'file' } as const

/** The database of the file that runs. Each `test` that extends another has its own fixtures; they share it. */
let shared: { readonly opening: Promise<TestDatabase>; users: number } | undefined

/** Gives the file's database for the time of some work; the last to end closes it. */
async function withDatabase(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const joined = (shared ??= { opening: openTestDatabase({ uri: inject('mongodbUri') }), users: 0 })
  joined.users += 1
  try {
    await work(await joined.opening)
  } finally {
    joined.users -= 1
    if (joined.users === 0) {
      shared = undefined
      const opened = await joined.opening.catch(() => undefined)
      await opened?.close()
    }
  }
}

/**
 * vitest's `test`, with a database for each test file on mongoose's default connection, emptied before
 * each test. Tests marked concurrent share it, and are not preceded by a reset.
 */
export const test = plainTest.extend<{
  $file: TestDatabaseFixtures
  $test: { emptyDatabase: void }
}>({
  database: [({}, use) => withDatabase(use), { ...file, auto: true }],
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
