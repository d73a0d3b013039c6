export { openDatabase } from './engine/database.ts'
export {
  AccountConflictError,
  AccountNotEmptyError,
  AccountNotFoundError,
  AccountNotOpenError,
  BalanceOutOfRangeError,
  CurrencyMismatchError,
  DatabaseError,
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
export type { RefusedTransfer, TransferResult } from './ledger/transfer-result.ts'
export type { OpeningRequest } from './ledger/opening.ts'
export type { AccountRecord, AccountStatus, Metadata, TransferRecord } from './ledger/records.ts'
export type { TransferRequest } from './ledger/request.ts'
export type { StatementEntry, StatementOptions, StatementRange } from './ledger/statement.ts'
export { ATOMIC_LIMIT } from './ledger/transaction-size.ts'
export type { CollectionChanges } from './migration/collection-changes.ts'
export {
  MigrationFailedError,
  MigrationLockedError,
  MigrationLockLostError,
  MigrationStateError,
} from './migration/errors.ts'
export type { MigrationFolder } from './migration/files.ts'
export { breakMigrationLock } from './migration/lock.ts'
export {
  markMigration,
  migrate,
  type MigrationOptions,
  migrationStatus,
  redoMigration,
  rehearseMigrations,
  revertMigrations,
} from './migration/migrate.ts'
export type { MigrationParameters, MigrationSettings } from './migration/migration.ts'
export type { MigrationRange } from './migration/plan.ts'
export type { LockOwner } from './migration/record.ts'
export type { RehearsedMigration } from './migration/rehearsal.ts'
export type { MigrationState, MigrationStatus } from './migration/status.ts'
export { Account, type AccountDocument, accountModel, type AccountModel } from './models/account.ts'
export {
  Batch,
  batchModel,
  type BatchRecord,
  type BatchRefusalCode,
  Refusal,
  refusalModel,
  type RefusalRecord,
} from './models/batch.ts'
export { createCollections } from './models/collections.ts'
export {
  Transfer,
  type TransferDocument,
  transferModel,
  type TransferModel,
} from './models/transfer.ts'
export { Decimal, Decimal128, formatMoney, type MoneyInput, toDecimal } from './money/money.ts'
export { TransactionTimeoutError } from './mongodb/transaction.ts'
export {
  BatchConflictError,
  BatchFileError,
  ReplayOptionsError,
  StorageError,
} from './replay/errors.ts'
export type { ReplayOptions } from './replay/options.ts'
export { Rehearsal } from './replay/posting/rehearsal.ts'
export { replay } from './replay/replay.ts'
export { RejectsError, type ReplayProgress, type ReplaySummary } from './replay/summary.ts'
export { type Verification, verify } from './verification/verify.ts'
export type { BatchFormat } from './seeding/batch-file-writer.ts'
export { type Generated, type GenerateOptions, generate } from './seeding/generate.ts'
export type { Removed, SeedReset } from './seeding/reset.ts'
export { type Seeded, type SeedOptions, seed } from './seeding/seed.ts'
export type { SeededAccounts } from './seeding/seeded-accounts.ts'
