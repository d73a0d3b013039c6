import type { Connection } from 'mongoose'
import { optionsOf, requireConnection } from '../arguments.ts'
import { collectionsOf } from '../definition.ts'
import { AccountNotFoundError } from '../errors.ts'
import { type OwnFields, ownFieldsOf } from '../ledger/own-fields.ts'
import type {
  AccountFields,
  AccountRecord,
  AccountStatus,
  ExportedFields,
  Metadata,
} from '../ledger/records.ts'
import { formatMoney, toDecimal } from '../money/money.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'

/** An account as it was before its first transfer, with its status and limit of today. */
export interface ExportedAccount extends ExportedFields<AccountFields> {
  readonly accountId: string
  readonly holder: string
  readonly currency: string
  readonly openingBalance: string
  readonly overdraftLimit: string
  readonly status: AccountStatus
  /** When it was opened. */
  readonly createdAt: Date
  readonly metadata?: Metadata
}

/** Does the work of `exportAccounts()`, which index.ts documents. */
export async function* exportAccounts(
  connection: Connection,
  options?: { readonly account?: string | undefined },
): AsyncGenerator<ExportedAccount, void, undefined> {
  requireConnection(connection)
  const { account: accountId } = optionsOf(options, 'exportAccounts()', { account: true })
  const accounts = primaryDatabaseOf(connection)
    .collection<AccountRecord>(collectionsOf(connection).accounts)
    .find(accountId === undefined ? {} : { _id: accountId }, {
      readConcern: { level: 'majority' },
      sort: { _id: 1 },
      projection: { transfersComplete: 0 },
    })
  const { account: fields } = ownFieldsOf(connection)
  let isEmpty = true
  for await (const account of accounts) {
    isEmpty = false
    yield exported(account, fields)
  }
  if (isEmpty && accountId !== undefined) throw new AccountNotFoundError({ accountId })
}

const exported = (account: AccountRecord, fields: OwnFields | undefined): ExportedAccount => {
  const { _id: accountId, holder, currency, status, createdAt, metadata } = account
  return {
    accountId,
    holder,
    currency,
    openingBalance: formatMoney(toDecimal(account.openingBalance), currency),
    overdraftLimit: formatMoney(toDecimal(account.overdraftLimit), currency),
    status,
    createdAt,
    ...(metadata !== undefined && { metadata }),
    ...fields?.exported(account),
  }
}
