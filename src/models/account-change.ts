import type { Connection } from 'mongoose'
import { CALL_KEYS, waitOptionsOf } from '../arguments.ts'
import type { OperationContext } from '../ledger/life-cycle.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { sessionOf, waitUntilOpen } from '../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../mongodb/outcome.ts'
import type { CallOptions } from '../mongodb/patience.ts'
import { joinTransaction } from '../mongodb/transaction.ts'
import type { AccountDocument, AccountModel } from './account-interface.ts'

/** A call that changes one account. */
interface ChangingCall {
  /** Its name in messages. */
  readonly caller: string
  readonly accountId: string
  readonly options: CallOptions | undefined
}

/** Changes an account in the caller's transaction, if there is one. */
export async function withContext<Result>(
  connection: Connection,
  { caller, accountId, options }: ChangingCall,
  work: (context: OperationContext) => Promise<Result>,
): Promise<Result> {
  const { session: callerSession, ...waiting } = waitOptionsOf(options, caller, CALL_KEYS)
  const session = sessionOf(connection, callerSession)
  const result = session
    ? joinTransaction(connection, session, (transaction) => work({ connection, transaction }))
    : waitUntilOpen(connection)
        .then(() => work({ connection, waiting }))
        .catch(explainFailure(connection))
  return await reportAbout({ what: 'account', id: accountId }, result)
}

/** {@link withContext}. Returns the account as it is then. */
export const changed = async (
  Account: AccountModel,
  call: ChangingCall,
  change: (context: OperationContext) => Promise<AccountRecord>,
): Promise<AccountDocument> => Account.hydrate(await withContext(Account.db, call, change))
