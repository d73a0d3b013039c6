export { assertBooksBalance } from './testing/books.ts'
export {
  type TestDatabase,
  type TestDatabaseOptions,
  openTestDatabase,
} from './testing/database.ts'
export type { Factories } from './testing/factories.ts'
export {
  type Failure,
  type FailureName,
  type FailureOptions,
  failNext,
  stopFailing,
} from './testing/failure.ts'
export { type ReplicaSet, type ReplicaSetOptions, startReplicaSet } from './testing/replica-set.ts'
