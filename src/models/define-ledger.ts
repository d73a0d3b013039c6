import type { Connection, Model } from 'mongoose'
import { type LedgerDefinition, defineOn, readDefinition } from '../definition.ts'
import type { AccountModel } from './account-interface.ts'
import { accountModel } from './account.ts'
import { type BatchRecord, type RefusalRecord, batchModel, refusalModel } from './batch.ts'
import { type HoldModel, holdModel } from './hold.ts'
import { type TransferGroupModel, transferGroupModel } from './transfer-group.ts'
import { type TransferModel, transferModel } from './transfer.ts'

/** A ledger's models on one connection. */
export interface LedgerModels {
  readonly Account: AccountModel
  readonly Transfer: TransferModel
  readonly TransferGroup: TransferGroupModel
  readonly Batch: Model<BatchRecord>
  readonly Refusal: Model<RefusalRecord>
  readonly Hold: HoldModel
}

/**
 * Defines the ledger of a connection: the names of its models and collections. Everything of Daybook uses them on this
 * connection, and on those that `useDb()` derives from it. Without a definition they have their default names. Returns
 * the models. Call it before anything else of Daybook uses the connection; the connection need not be open. To call it
 * again with the same definition changes nothing.
 * @throws TypeError if the definition is malformed; InputError if the connection already has another one, or if the
 * program has a model of its own with one of the names or collections
 * @example
 * const { Account, Transfer } = defineLedger(mongoose.connection, {
 *   models: { account: 'BankAccount' },
 *   collections: { accounts: 'bank_accounts' },
 * })
 */
export function defineLedger(
  connection: Connection,
  definition: LedgerDefinition = {},
): LedgerModels {
  defineOn(connection, readDefinition(definition))
  return ledgerModels(connection)
}

/** All of Daybook's models on a connection. */
export const ledgerModels = (connection: Connection): LedgerModels => ({
  Account: accountModel(connection),
  Transfer: transferModel(connection),
  TransferGroup: transferGroupModel(connection),
  Batch: batchModel(connection),
  Refusal: refusalModel(connection),
  Hold: holdModel(connection),
})
