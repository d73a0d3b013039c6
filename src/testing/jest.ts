/**
 * The test kit for jest: a database for each test file, and matchers.
 * @module daybook/testing/jest
 */

import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals'
import mongoose from 'mongoose'
import { defineLedger, ledgerModels } from '../models/define-ledger.ts'
import { type TestDatabase, type TestDatabaseOptions, openTestDatabase } from './database.ts'
import { type DaybookMatchers, equalityTesters, matchers } from './matchers.ts'

expect.extend(matchers)
expect.addEqualityTesters(equalityTesters)

/** How long a hook may take, in milliseconds: the first one may start a replica set, and machines that run tests are busy. */
const LONGEST_HOOK = 60_000

/** What a test has from {@link useTestDatabase}, which itself calls `reset` and `close`. */
export type UsedTestDatabase = Omit<TestDatabase, 'reset' | 'close'>

/**
 * Gives a test file of jest a database of its own: opens it before the first test, empties it before each test, and
 * drops it after the last. Call it at the top of the file. What it returns can be taken apart there; its functions
 * work from the first `beforeAll` on. If `globalSetup` is not `daybook/testing/jest-setup`, the database is at
 * MONGODB_URI or in a replica set that the file starts and stops.
 * @example
 * import { Account } from 'daybook'
 * import { useTestDatabase } from 'daybook/testing/jest'
 *
 * const { ledger, assertBooksBalance } = useTestDatabase()
 *
 * test('a transfer moves its amount', async () => {
 *   const { ada } = await ledger({ accounts: { ada: '1000', grace: '0' } })
 *   await Account.transfer({ from: 'ada', to: 'grace', amount: '100' })
 *   await expect(ada).toHaveBalance('900')
 *   await assertBooksBalance()
 * })
 */
export function useTestDatabase(options: TestDatabaseOptions = {}): UsedTestDatabase {
  const { connection = mongoose.connection, ledger } = options
  const { Account, Transfer, Batch } = ledger
    ? defineLedger(connection, ledger)
    : ledgerModels(connection)
  let opened: TestDatabase | undefined
  const database = (): TestDatabase => {
    if (opened) return opened
    throw new Error('the test database is not open yet: use it inside tests and hooks')
  }
  beforeAll(async () => {
    opened = await openTestDatabase(options)
  }, LONGEST_HOOK)
  beforeEach(() => database().reset(), LONGEST_HOOK)
  afterAll(() => opened?.close(), LONGEST_HOOK)
  return {
    connection,
    Account,
    Transfer,
    Batch,
    openAccount: (overrides) => database().openAccount(overrides),
    transferRequest: (sides) => database().transferRequest(sides),
    postTransfer: (overrides) => database().postTransfer(overrides),
    ledger: (situation) => database().ledger(situation),
    keep: () => database().keep(),
    assertBooksBalance: () => database().assertBooksBalance(),
    failNext: (failure, failureOptions) => database().failNext(failure, failureOptions),
    stopFailing: () => database().stopFailing(),
  }
}

declare module 'expect' {
  // The names and parameters are those of jest.
  export interface Matchers<R extends void | Promise<void>, T = unknown> extends DaybookMatchers {}
}

declare global {
  // As above, in @types/jest.
  namespace jest {
    interface Matchers<R, T = {}> extends DaybookMatchers {}
  }
}
