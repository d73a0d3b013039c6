/**
 * Accounts, transfers, holds and groups; files, sample data and exports; verification, migrations and errors.
 * @module daybook
 */

// The models, and the types of what they take and return.
export type { AccountDocument, AccountModel } from './models/account-interface.ts'
export { defineLedger, type LedgerModels } from './models/define-ledger.ts'
export type { CollectionNames, LedgerDefinition, ModelNames } from './definition.ts'
export type { FieldDefinition, FieldDefinitions } from './field-definition.ts'
export { Account, accountModel } from './models/account.ts'
export { isDaybookSchema } from './models/taken-names.ts'
export {
  type ReversalOptions,
  Transfer,
  type TransferDocument,
  transferModel,
  type TransferModel,
} from './models/transfer.ts'
export { TransferGroup, transferGroupModel } from './models/transfer-group.ts'
export { Hold, type HoldDocument, holdModel, type HoldModel } from './models/hold.ts'
export {
  Batch,
  type BatchDocument,
  type BatchFormat,
  batchModel,
  type BatchRecord,
  type BatchRefusalCode,
  Refusal,
  refusalModel,
  type RefusalRecord,
} from './models/batch.ts'
export type {
  AccountFields,
  AccountRecord,
  AccountStatus,
  HoldRecord,
  HoldStatus,
  Metadata,
  TransferFields,
  TransferGroupRecord,
  TransferRecord,
} from './ledger/records.ts'
export type { CaptureRequest, HoldRequest } from './ledger/holds/hold-request.ts'
export type { OpeningRequest } from './ledger/opening.ts'
export type { ExchangeRequest } from './ledger/exchange.ts'
export type { GroupRequest } from './ledger/group-request.ts'
export type { TransferRequest } from './ledger/request.ts'
export type { RefusedTransfer, TransferResult } from './ledger/transfer-result.ts'
export type { ReadOptions } from './ledger/statement/account-history.ts'
export type { BalancesOptions, PeriodBalance } from './ledger/statement/balances.ts'
export type { PeriodLength } from './ledger/statement/periods.ts'
export type { StatementEntry } from './ledger/statement/statement-entry.ts'
export type { DateChoice, StatementOptions, StatementRange } from './ledger/statement/statement.ts'
export { ATOMIC_LIMIT } from './ledger/transaction-size.ts'

// The database: a connection to it, and its collections.
export { openDatabase } from './engine/index.ts'
export { createCollections } from './models/collections.ts'

// Replay: post a file of transfers.
export { explainFile, readFormatFile, replay } from './replay/index.ts'
export type { ReplayOptions } from './replay/options.ts'
export type {
  ExplainOptions,
  ExplainedRecord,
  FileExplanation,
} from './replay/reading/explanation.ts'
export type { ExplainedColumn } from './replay/reading/proposal.ts'
export type { ReadingOptions } from './replay/reading/reading-options.ts'
export type { AccountTexts, OpenMissing } from './replay/reading/open-missing.ts'
export type { MissingAccount } from './ledger/request.ts'
export type { FoundRecord, ReadFunction, TextFile } from './replay/reading/text-file.ts'
export type { RowHoldAction } from './replay/reading/returned-actions.ts'
export type {
  RecordContext,
  RowRequest,
  Transform,
  TransformFunction,
} from './replay/reading/transform.ts'
export { RejectsError, type ReplayProgress, type ReplaySummary } from './replay/summary.ts'
export { Rehearsal } from './replay/posting/rehearsal.ts'

// Export: transfers and accounts, with all that is needed to post them again.
export { exportAccounts, exportText, exportTransfers } from './export/index.ts'
export type { ExportedAccount } from './export/export-accounts.ts'
export type { ExportRange } from './export/export-transfers.ts'
export type { ExportedTransfer } from './export/exported-transfer.ts'
export type { ExportOptions } from './export/export-text.ts'

// Sample data: accounts in the database, and files of transfers.
export { generate, seed } from './seeding/index.ts'
export type { Seeded, SeedOptions } from './seeding/seed.ts'
export type { RemovedRecords, SeedReset } from './seeding/reset.ts'
export type { SeededAccounts } from './seeding/seeded-accounts.ts'
export type { AccountFormat } from './seeding/account-table.ts'
export type { Generated, GenerateOptions } from './seeding/generate.ts'

// Verification: prove that the books balance.
export { verify } from './verification/index.ts'
export type { VerifyOptions, VerifyProgress } from './verification/verify.ts'
export type { Verification } from './verification/verification.ts'
export type { AccountLine as VerifiedAccount } from './verification/kept-state/account-state.ts'
export { StateFileError } from './verification/kept-state/state-file-error.ts'
export type { KeptBooks } from './verification/kept-state/state-file.ts'
export type { CollectionName, Violation, ViolationKind } from './verification/violations.ts'

// Reports: a batch, an account or the books as data, and as a page to read.
export { report, reportPage } from './report/index.ts'
export type { Report, ReportOptions } from './report/report.ts'
export type { AccountReport, BalancePoint } from './report/account-report.ts'
export type { BatchReport, CodeRefusals } from './report/batch-report.ts'
export type { BooksReport, CurrencyAccounts } from './report/books-report.ts'
export type { MovedAccount, MovedAccounts } from './report/moved-accounts.ts'
export type { CurrencyPeriods, PeriodMoney, PeriodUnit } from './report/periods.ts'

// Migrations.
export {
  breakMigrationLock,
  markMigration,
  migrate,
  migrationStatus,
  redoMigration,
  rehearseMigrations,
  revertMigrations,
} from './migration/index.ts'
export type { MigrationOptions } from './migration/migrate.ts'
export type { MigrationFolder } from './migration/files.ts'
export type { MigrationParameters, MigrationSettings } from './migration/migration.ts'
export type { MigrationRange } from './migration/plan.ts'
export type { MigrationState, MigrationStatus } from './migration/status.ts'
export type { CollectionChanges } from './migration/collection-changes.ts'
export type { RehearsedMigration } from './migration/rehearsal.ts'
export type { LockOwner } from './migration/record.ts'

// Refusals: a business "no" with a code. docs/refusals.md explains each code.
export {
  AccountConflictError,
  AccountHasHoldsError,
  AccountNotEmptyError,
  AccountNotFoundError,
  AccountNotOpenError,
  type AnyLedgerError,
  type AnyTransferRefusedError,
  BalanceOutOfRangeError,
  CurrencyMismatchError,
  DatabaseError,
  EngineError,
  GroupNotFoundError,
  HoldConflictError,
  HoldExceededError,
  HoldNotActiveError,
  HoldNotFoundError,
  HoldProtectedError,
  InputError,
  InsufficientFundsError,
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidCurrencyError,
  InvalidEffectiveAtError,
  InvalidExchangeError,
  InvalidExpiresAtError,
  InvalidFieldError,
  InvalidGroupIdError,
  InvalidHolderError,
  InvalidHoldIdError,
  InvalidMetadataError,
  InvalidReferenceError,
  InvalidTransferIdError,
  isLedgerError,
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
export { MalformedRequestError } from './malformed-request.ts'
export { OutcomeError } from './mongodb/outcome.ts'

// Other errors.
export type { CallOptions, WaitOptions } from './mongodb/patience.ts'
export {
  BatchConflictError,
  BatchFileError,
  ReplayOptionsError,
  StorageError,
} from './replay/errors.ts'
export {
  MigrationFailedError,
  MigrationLockedError,
  MigrationLockLostError,
  MigrationStateError,
} from './migration/errors.ts'

// Money.
export type { Rounding } from './money/rounding.ts'
export { type DecimalRecord, plain, type PlainRecord, withDecimals } from './money/plain-records.ts'
export { Decimal, Decimal128, formatMoney, type MoneyInput, toDecimal } from './money/money.ts'
