import mongoose from 'mongoose'
import { collectionsOf, ledgerOf } from '../definition.ts'
import { type Decimal128, toDecimal, toDecimal128 } from '../money/money.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import type { LedgerAccount } from './evaluation.ts'
import { type PostedGroups, addToGroups } from './posted-groups.ts'
import type { AccountRecord, TransferGroupRecord, TransferRecord } from './records.ts'

/** The part of an account's record that a posting works on. */
export interface StoredAccount extends Omit<LedgerAccount, 'balance' | 'lowestBalance' | 'held'> {
  balance: Decimal128
  overdraftLimit: Decimal128
  held?: Decimal128
}

const ACCOUNT_FIELDS = {
  currency: 1,
  status: 1,
  balance: 1,
  overdraftLimit: 1,
  held: 1,
  transferCount: 1,
  updatedAt: 1,
}

/** What a read needs: the connection and its database, and the session if it belongs to a transaction. */
export type ReadContext = Pick<Transaction, 'connection' | 'database'> & Partial<Transaction>

/** Reads accounts by their ids. The result has no entry for an account that does not exist. */
export async function readAccounts(
  accountIds: ReadonlySet<string>,
  { connection, database, session }: ReadContext,
): Promise<Map<string, LedgerAccount>> {
  if (accountIds.size === 0) return new Map()
  const filter = { _id: { $in: [...accountIds] } }
  const stored =
    session && accountIds.size <= MAX_ACCOUNTS_IN_REPLY
      ? await findInOneReply(filter, { connection, database, session })
      : await database
          .collection<StoredAccount>(collectionsOf(connection).accounts)
          .find(filter, {
            projection: ACCOUNT_FIELDS,
            batchSize: accountIds.size + 1,
            ...(session && { session }),
          })
          .toArray()
  return new Map(stored.map((account) => [account._id, ledgerAccountOf(account)]))
}

export function ledgerAccountOf(stored: StoredAccount): LedgerAccount {
  const { _id, currency, status, balance, overdraftLimit, held, transferCount, updatedAt } = stored
  // Each field is named: an object that is spread from a decoded document is several times slower to use.
  return {
    _id,
    currency,
    status,
    lowestBalance: toDecimal(overdraftLimit).neg(),
    balance: toDecimal(balance),
    held: held && toDecimal(held),
    transferCount,
    updatedAt,
  }
}

/** How many accounts certainly fit into one reply of 16 MB: the fields of an account take less than 1 kB. */
const MAX_ACCOUNTS_IN_REPLY = 10_000

/** Reads accounts with a plain command. A cursor of the driver takes longer, and the server would wait. */
async function findInOneReply(filter: object, { connection, database, session }: Transaction) {
  const find = {
    find: collectionsOf(connection).accounts,
    filter,
    projection: ACCOUNT_FIELDS,
    batchSize: MAX_ACCOUNTS_IN_REPLY,
    singleBatch: true,
  }
  const { cursor } = await database.command(find, { session })
  return (cursor as { firstBatch: StoredAccount[] }).firstBatch
}

export async function readTransfers(
  transferIds: readonly string[],
  { connection, database, session }: ReadContext,
): Promise<Map<string, TransferRecord>> {
  if (transferIds.length === 0) return new Map()
  const stored = await database
    .collection<TransferRecord>(collectionsOf(connection).transfers)
    .find(
      { _id: { $in: transferIds } },
      { batchSize: transferIds.length + 1, ...(session && { session }) },
    )
    .toArray()
  return new Map(stored.map((transfer) => [transfer._id, transfer]))
}

/** Reads the legs of the groups with these ids. The result has no entry for a group that is not posted. */
export async function readGroups(
  groupIds: readonly string[],
  { connection, database, session }: ReadContext,
): Promise<PostedGroups> {
  const groups: PostedGroups = new Map()
  if (groupIds.length === 0) return groups
  const legs = await database
    .collection<TransferRecord>(collectionsOf(connection).transfers)
    .find({ group: { $in: [...groupIds] } }, { ...(session && { session }) })
    .toArray()
  addToGroups(groups, legs)
  return groups
}

/** Inserts the records of new groups. It fails with a duplicate key error if one is posted already. */
export async function insertGroups(
  groups: readonly TransferGroupRecord[],
  { database, session, connection, isDryRun }: Transaction,
): Promise<void> {
  if (isDryRun || groups.length === 0) return
  const collection = database.collection<TransferGroupRecord>(
    collectionsOf(connection).transfer_groups,
  )
  await collection.insertMany([...groups], { session })
}

/** Inserts new accounts. It fails with a duplicate key error if one exists. */
export async function insertAccounts(
  accounts: readonly AccountRecord[],
  { database, session, connection, isDryRun }: Transaction,
): Promise<void> {
  if (isDryRun) return
  const collection = database.collection<AccountRecord>(collectionsOf(connection).accounts)
  await collection.insertMany([...accounts], { session })
}

/** An account is not as it was presumed to be, so the transaction must be aborted. */
export class ChangedAccountError extends Error {
  override readonly name = 'ChangedAccountError'
}

/** A prepared write, which is sent by calling it. A large one is already encoded. */
export type PreparedWrite = () => Promise<void>

/**
 * Prepares one update for each account of the transfers, and for the others of which more or less is `held` now, to its
 * state after the last of them. If another transaction has changed one of them in the meantime, sending fails with a
 * write conflict. Accounts that were `presumed` instead of read must still be as presumed.
 * @throws ChangedAccountError when sent, if an account is not as presumed: the transaction must be aborted
 */
export function prepareAccountUpdates(
  transfers: readonly TransferRecord[],
  {
    accounts,
    presumed,
    held = [],
  }: {
    readonly accounts: Accounts
    readonly presumed?: Accounts
    readonly held?: Iterable<string> | undefined
  },
  transaction: Transaction,
): PreparedWrite {
  const transferIdsByAccount = new Map<string, string[]>()
  for (const { _id, fromAccount, toAccount } of transfers) {
    for (const accountId of [fromAccount, toAccount]) {
      const ids = transferIdsByAccount.get(accountId)
      if (ids) ids.push(_id)
      else transferIdsByAccount.set(accountId, [_id])
    }
  }
  for (const accountId of held) {
    if (!transferIdsByAccount.has(accountId)) transferIdsByAccount.set(accountId, [])
  }
  const { transfersKept } = ledgerOf(transaction.connection)
  // In the order of their index, neighbours are on pages that the server has just used.
  const inOrder = [...transferIdsByAccount].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const updates = inOrder.map(([accountId, ids]): AccountUpdate => {
    const account = accounts.get(accountId) as LedgerAccount
    const { balance, currency, transferCount, updatedAt } = account
    const $set = { balance: toDecimal128(balance, currency), transferCount, updatedAt }
    const latest = { $each: ids.slice(-transfersKept), $slice: -transfersKept }
    const before = presumed?.get(accountId)
    return {
      q: before ? filterOf(before) : { _id: accountId },
      u:
        account.held === undefined
          ? { $set, $push: { transfersComplete: latest } }
          : changeWithHeld(account, $set, ids.length > 0 ? latest : undefined),
    }
  })
  const send = prepareUpdates(updates, transaction)
  return async () => {
    if ((await send()) !== updates.length) throw new ChangedAccountError()
  }
}

/** The change to an account that has holds, or had them when it was read. */
function changeWithHeld(
  { held, currency }: LedgerAccount,
  $set: object,
  latest: object | undefined,
): AccountUpdate['u'] {
  const isHeld = held && !held.isZero()
  return {
    $set: isHeld ? { ...$set, held: toDecimal128(held, currency) } : $set,
    ...(!isHeld && { $unset: { held: 1 } }),
    ...(latest && { $push: { transfersComplete: latest } }),
  }
}

/** A filter for one account, and the change to it. */
interface AccountUpdate {
  readonly q: object
  readonly u: { readonly $set: object; readonly $unset?: object; readonly $push?: object }
}

/** Prepares updates. Sending them returns how many accounts were found. */
function prepareUpdates(updates: AccountUpdate[], transaction: Transaction): () => Promise<number> {
  const { database, session, connection, isDryRun } = transaction
  if (isDryRun) return async () => updates.length
  const name = collectionsOf(connection).accounts
  if (updates.length <= MAX_PLAIN_WRITES) {
    const update = { update: name, updates, ordered: false }
    return async () => (updates.length > 0 ? await write(update, transaction) : 0)
  }
  const bulk = database.collection(name).initializeUnorderedBulkOp()
  for (const { q, u } of updates) bulk.find(q).updateOne(u)
  return async () => (await bulk.execute({ session })).matchedCount
}

/**
 * The most documents to write with a plain command. A bulk operation of the driver does more work, which
 * would make a lone transfer a tenth slower.
 */
export const MAX_PLAIN_WRITES = 100

/** Sends a write command. Returns how many documents it found or stored. */
export async function write(command: object, { database, session }: Transaction): Promise<number> {
  const { n, writeErrors } = (await database.command(command, { session })) as WriteReply
  const [error] = writeErrors ?? []
  if (error) throw new mongoose.mongo.MongoServerError(error)
  return n
}

interface WriteReply {
  readonly n: number
  readonly writeErrors?: readonly mongoose.mongo.ErrorDescription[]
}

type Accounts = ReadonlyMap<string, LedgerAccount>

/** Finds an account if it is stored like this. Null finds one without the field. */
const filterOf = (account: LedgerAccount): object => ({ held: null, ...storedAccountOf(account) })

/** The stored form of an account: the reverse of {@link ledgerAccountOf}. */
export const storedAccountOf = ({
  lowestBalance,
  balance,
  held,
  ...account
}: LedgerAccount): StoredAccount => ({
  ...account,
  balance: toDecimal128(balance, account.currency),
  overdraftLimit: toDecimal128(lowestBalance.neg(), account.currency),
  ...(held && !held.isZero() && { held: toDecimal128(held, account.currency) }),
})
