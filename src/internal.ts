/** What Daybook's own scripts use beyond the public API. The package does not export it. */

export type { Database as Engine } from './engine/database.ts'
export { didYouMean, similarNames } from './arguments.ts'
export { collectionsOf, readDefinition } from './definition.ts'
export { EXPORT_FORMATS } from './export/export-text.ts'
export { locateDatabase } from './engine/database.ts'
export { findInstalledMongod, findMongod } from './engine/finding/mongod.ts'
export { type FolderState, inspectFolder } from './engine/local/folder-state.ts'
export { openLocalDatabase } from './engine/local/local-database.ts'
export { findFreePort } from './engine/local/tcp-ports.ts'
export { requireReachable, requireReachableBy, requireReplicaSet } from './engine/replica-set.ts'
export { describeUri, hidePasswords, isLocalUri } from './engine/uri.ts'
export { untilAborted, waitUntil } from './engine/wait-until.ts'
export { readOpening } from './ledger/opening.ts'
export { ownFieldsOf } from './ledger/own-fields.ts'
export { reversalId } from './ledger/transfer-id.ts'
export { PERIOD_LENGTHS } from './ledger/statement/periods.ts'
export {
  countOf,
  named,
  openProblem,
  printable,
  printableLines,
  quote,
  reasonOf,
} from './messages.ts'
export { BATCH_FORMATS } from './models/batch.ts'
export { missingCollections, outdatedValidators } from './models/collections.ts'
export {
  removeCollections,
  removeEffectiveDateIndexes,
  removeGroups,
  removeHolds,
} from './models/collection-removal.ts'
export { isCurrency } from './money/currency.ts'
export { ROUNDINGS } from './money/rounding.ts'
export {
  authenticationOf,
  explainedAccess,
  isMissingRight,
  lackOfRights,
} from './mongodb/access.ts'
export { databaseOf } from './mongodb/connection.ts'
export { isDriverError } from './mongodb/driver-errors.ts'
export { isConnectionLost } from './mongodb/passing-errors.ts'
export type { Right } from './mongodb/refused-command.ts'
export { dryRun } from './mongodb/transaction.ts'
export { requireNewFile, writeNewFile } from './new-file.ts'
export { adoptNotebook } from './notebook/adoption.ts'
export { holdsNotebook } from './notebook/find-notebook.ts'
export { restoreNotebook } from './notebook/restoration.ts'
export { checkReplayOptions } from './replay/options.ts'
export { lineCell, recordPlace } from './replay/record-place.ts'
export { loadTransform } from './replay/transform-file.ts'
export { withoutFormula } from './replay/reading/csv/formula.ts'
export { readFormat } from './replay/reading/format-file.ts'
export { requireReportFile, writeReport } from './report/report-file.ts'
export { requireAccountFormat } from './seeding/account-table.ts'
export {
  DEFAULT_CURRENCIES,
  DEFAULT_SEED,
  MOST_ACCOUNTS,
  MOST_SEED,
} from './seeding/fake-accounts.ts'
export { DEFAULT_TRANSFERS_SEED } from './seeding/fake-transfers.ts'
export { formatMinorUnits } from './seeding/minor-units.ts'
export { Random } from './seeding/random.ts'
export { accountsFile, seededAccounts } from './seeding/seeded-accounts.ts'
export { makeMemoryFolder } from './testing/memory-folder.ts'
export { clockOf, isTimeZone, localTimeOf } from './time-zones.ts'
