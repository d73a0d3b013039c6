import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../../definition.ts'
import { databaseOf } from '../../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../../mongodb/outcome.ts'
import { repeatUntilAnswered } from '../../mongodb/repeated-operation.ts'
import type { AccountRecord, TransferRecord } from '../records.ts'

/** Where an account's statement is read from. */
export interface AccountHistory {
  readonly accountId: string
  readonly accounts: mongo.Collection<AccountRecord>
  readonly transfers: mongo.Collection<TransferRecord>
}

/** The history of an account in a database, by default read as the connection prefers. */
export function historyOf(
  connection: Connection,
  accountId: string,
  database: mongo.Db = databaseOf(connection),
): AccountHistory {
  const names = collectionsOf(connection)
  return {
    accountId,
    accounts: database.collection(names.accounts),
    transfers: database.collection(names.transfers),
  }
}

/**
 * Reads again until the database answers, for a minute at most.
 * @throws OutcomeError if it does not, DatabaseError if the user may not read
 */
export const readHistory = <Result>(
  connection: Connection,
  accountId: string,
  read: () => Promise<Result>,
): Promise<Result> =>
  reportAbout(
    { what: 'the statement of account', id: accountId },
    repeatUntilAnswered('read', read).catch(explainFailure(connection)),
  )
