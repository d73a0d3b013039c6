/**
 * The test kit, for any test runner.
 * @module daybook/testing
 */

export { assertBooksBalance } from './books.ts'
export { type TestDatabase, type TestDatabaseOptions, openTestDatabase } from './database.ts'
export type { Factories } from './factories.ts'
export {
  type Failure,
  type FailureName,
  type FailureOptions,
  failNext,
  stopFailing,
} from './failure.ts'
export { type DaybookMatchers, equalityTesters, matchers } from './matchers.ts'
export { type ReplicaSet, type ReplicaSetOptions, startReplicaSet } from './replica-set.ts'
