/**
 * The test kit for vitest: `test` with a database, and matchers.
 * @module daybook/testing/vitest
 */

import { expect, inject, test as plainTest } from 'vitest'
import { type TestDatabase, openTestDatabase } from './database.ts'
import { type DaybookMatchers, equalityTesters, matchers } from './matchers.ts'

expect.extend(matchers)
expect.addEqualityTesters(equalityTesters)

/** What a test can take from its context: see {@link TestDatabase}. The fixtures call `reset` and `close` themselves. */
export interface TestDatabaseFixtures extends Omit<TestDatabase, 'reset' | 'close'> {
  /** The database itself, with `reset` and `close`. */
  readonly database: TestDatabase
}

const file = { scope: 'file' } as const

/** The database of the running file. Every `test` made by `extend` has its own fixtures, and all of them share it. */
let shared: { readonly opening: Promise<TestDatabase>; users: number } | undefined

/** Runs `work` with the file's database. The last one to end closes it. */
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
 * vitest's `test` with a database for each test file, on mongoose's default connection. It is emptied before each test
 * and dropped after the last. Tests marked concurrent share it and start without a reset. If `globalSetup` is not
 * `daybook/testing/vitest-setup`, the database is at MONGODB_URI or in a replica set that the worker starts.
 * @example
 * import { test } from 'daybook/testing/vitest'
 * import { expect } from 'vitest'
 *
 * test('a transfer moves its amount', async ({ Account, ledger, assertBooksBalance }) => {
 *   await ledger({ accounts: { ada: '1000', grace: '0' } })
 *   await Account.transfer({ from: 'ada', to: 'grace', amount: '100' })
 *   await expect('ada').toHaveBalance('900')
 *   await assertBooksBalance()
 * })
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
  ledger: [({ database }, use) => use(database.ledger), file],
  keep: [({ database }, use) => use(database.keep), file],
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
  // The name and parameter are vitest's own.
  export interface Matchers<T> extends DaybookMatchers {}
}
