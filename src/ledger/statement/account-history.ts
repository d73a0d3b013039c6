import type { ClientSession, Connection, mongo } from 'mongoose'
import { collectionsOf } from '../../definition.ts'
import { databaseOf, primaryDatabaseOf, sessionOf } from '../../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../../mongodb/outcome.ts'
import { repeatUntilAnswered } from '../../mongodb/repeated-operation.ts'
import { joinTransaction } from '../../mongodb/transaction.ts'
import { type OwnFields, ownFieldsOf } from '../own-fields.ts'
import type { AccountRecord, TransferRecord } from '../records.ts'

export interface ReadOptions {
  /** The caller's transaction: what it has written is read too. Default: the surrounding one, if Mongoose is configured to find it. */
  readonly session?: ClientSession | undefined
}

/** An account whose history is read, and the session of the transaction in which it is. */
export interface ReadAccount {
  readonly connection: Connection
  readonly accountId: string
  readonly session: ClientSession | undefined
}

/** Where an account's statement is read from. */
export interface AccountHistory {
  readonly accountId: string
  readonly accounts: mongo.Collection<AccountRecord>
  readonly transfers: mongo.Collection<TransferRecord>
  /** The own fields of the ledger's transfers, if they have any. */
  readonly ownFields: OwnFields | undefined
  /** Options of every read. */
  readonly within: { readonly session?: ClientSession }
}

/** The account, in the caller's transaction if there is one. */
export const accountIn = (
  connection: Connection,
  accountId: string,
  session: ClientSession | undefined,
): ReadAccount => ({ connection, accountId, session: sessionOf(connection, session) })

/** The history of an account, read as its transaction or else the connection prefers. */
export const historyOf = (account: ReadAccount): AccountHistory =>
  historyIn(databaseOf(account.connection), account)

/** The history of an account, read from the primary, or as its transaction prefers. */
export const primaryHistoryOf = (account: ReadAccount): AccountHistory =>
  historyIn(primaryDatabaseOf(account.connection), account)

function historyIn(
  database: mongo.Db,
  { connection, accountId, session }: ReadAccount,
): AccountHistory {
  const names = collectionsOf(connection)
  return {
    accountId,
    accounts: database.collection(names.accounts),
    transfers: database.collection(names.transfers),
    ownFields: ownFieldsOf(connection).transfer,
    within: session ? { session } : {},
  }
}

/**
 * Reads again until the database answers, for a minute at most. In the caller's transaction it reads once, in turn with
 * the other calls: an error ends the transaction, which the caller repeats as a whole.
 * @throws OutcomeError if the database does not answer, DatabaseError if the user may not read; in a transaction the
 * driver's own errors
 */
export const readHistory = <Result>(
  { connection, accountId, session }: ReadAccount,
  read: () => Promise<Result>,
): Promise<Result> =>
  reportAbout(
    { what: 'the statement of account', id: accountId },
    session
      ? joinTransaction(connection, session, read)
      : repeatUntilAnswered('read', read).catch(explainFailure(connection)),
  )

/** Reads for each of some items: at the same time, or in a transaction one after another, because it runs one operation at a time. */
export async function readEach<Item, Result>(
  { within }: AccountHistory,
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  if (!within.session) return await Promise.all(items.map(read))
  const results: Result[] = []
  for (const item of items) results.push(await read(item))
  return results
}
