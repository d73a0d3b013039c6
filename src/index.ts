export { Account, type AccountDocument, accountModel, type AccountModel } from './models/account.ts'
export { ATOMIC_LIMIT } from './ledger/transaction-size.ts'
export type { AccountRecord, AccountStatus, Metadata, TransferRecord } from './ledger/records.ts'
export {
  Batch,
  batchModel,
  type BatchRecord,
  type BatchRefusalCode,
  Refusal,
  refusalModel,
  type RefusalRecord,
} from './models/batch.ts'
export { createCollections, removeCollections } from './models/collections.ts'
export {
  AccountConflictError,
  AccountNotEmptyError,
  AccountNotFoundError,
  AccountNotOpenError,
  BalanceOutOfRangeError,
  CurrencyMismatchError,
  EngineError,
  InputError,
  InsufficientFundsError,
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidCurrencyError,
  InvalidHolderError,
  InvalidMetadataError,
  InvalidReferenceError,
  InvalidTransferIdError,
  LedgerError,
  LinkedTransferRefusedError,
  ProtectedFieldError,
  type RefusalCode,
  SameAccountError,
  type Side,
  TransferConflictError,
  TransferImmutableError,
  TransferIsReversalError,
  TransferNotFoundError,
  TransferRefusedError,
} from './errors.ts'
export { quote } from './messages.ts'
export { openDatabase } from './engine/database.ts'
export { openLocalDatabase } from './engine/local/local-database.ts'
export { requireReplicaSet } from './engine/replica-set.ts'
export { describeUri, isLocalUri } from './engine/uri.ts'
export type { RefusedTransfer, TransferResult } from './ledger/evaluation.ts'
export {
  type MigrationOptions,
  type MigrationRange,
  mark,
  migrate,
  migrationStatus,
  redo,
  rehearseMigrations,
  revert,
} from './migration/migrate.ts'
export {
  MigrationFailedError,
  MigrationLockLostError,
  MigrationLockedError,
  MigrationStateError,
} from './migration/errors.ts'
export { breakLock } from './migration/lock.ts'
export type { LockOwner } from './migration/record.ts'
export type { CollectionChanges, RehearsedMigration } from './migration/rehearsal.ts'
export type { MigrationState, MigrationStatus } from './migration/status.ts'
export type { MigrationParameters, MigrationSettings } from './migration/migration.ts'
export { isCurrency, scaleOf } from './money/currency.ts'
export {
  Decimal,
  Decimal128,
  LIMIT,
  type MoneyInput,
  formatMoney,
  toDecimal,
} from './money/money.ts'
export { adoptNotebook } from './notebook/adoption.ts'
export { holdsNotebook } from './notebook/collections.ts'
export { restoreNotebook } from './notebook/restoration.ts'
export { type OpeningRequest, openingDifferences, readOpening } from './ledger/opening.ts'
export type { TransferRequest } from './ledger/request.ts'
export {
  BatchConflictError,
  BatchFileError,
  ReplayOptionsError,
  StorageError,
} from './replay/errors.ts'
export { RejectsError, type ReplayProgress, type ReplaySummary } from './replay/summary.ts'
export { type ReplayOptions, checkReplayOptions } from './replay/options.ts'
export { Rehearsal } from './replay/posting/rehearsal.ts'
export { replay } from './replay/replay.ts'
export {
  type StatementEntry,
  type StatementOptions,
  type StatementRange,
} from './ledger/statement.ts'
export { TransactionTimeoutError } from './mongodb/transaction.ts'
export { isDuplicatesOnly } from './mongodb/server-errors.ts'
export {
  Transfer,
  type TransferDocument,
  type TransferModel,
  transferModel,
} from './models/transfer.ts'
export { type Verification, verify } from './verification/verify.ts'
