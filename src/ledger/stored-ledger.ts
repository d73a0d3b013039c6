import { collectionsOf } from '../definition.ts'
import { type Decimal128, toDecimal, toDecimal128 } from '../money/money.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import type { LedgerAccount } from './ledger-state.ts'
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

/** Those that are taken over from other books must not be from before their accounts. */
const FIELDS_WITH_OPENING = { ...ACCOUNT_FIELDS, createdAt: 1 }

/** What a read needs: the connection and its database, and the session if it belongs to a transaction. */
export type ReadContext = Pick<Transaction, 'connection' | 'database'> & Partial<Transaction>

/**
 * Reads accounts by their ids, and `withOpening` also when they were opened. The result has no entry for an account that does
 * not exist.
 */
export async function readAccounts(
  accountIds: ReadonlySet<string>,
  { connection, database, session }: ReadContext,
  { withOpening = false }: { withOpening?: boolean } = {},
): Promise<Map<string, LedgerAccount>> {
  if (accountIds.size === 0) return new Map()
  const filter = { _id: { $in: [...accountIds] } }
  const projection = withOpening ? FIELDS_WITH_OPENING : ACCOUNT_FIELDS
  const stored =
    session && accountIds.size <= MAX_ACCOUNTS_IN_REPLY
      ? await findInOneReply({ filter, projection }, { connection, database, session })
      : await database
          .collection<StoredAccount>(collectionsOf(connection).accounts)
          .find(filter, {
            projection,
            batchSize: accountIds.size + 1,
            ...(session && { session }),
          })
          .toArray()
  const accountOf = withOpening ? openedAccountOf : ledgerAccountOf
  return new Map(stored.map((account) => [account._id, accountOf(account)]))
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

/** {@link ledgerAccountOf}, with the time of its opening. */
export const openedAccountOf = (stored: StoredAccount): LedgerAccount =>
  Object.assign(ledgerAccountOf(stored), { createdAt: stored.createdAt })

/** How many accounts certainly fit into one reply of 16 MB: the fields of an account take less than 1 kB. */
const MAX_ACCOUNTS_IN_REPLY = 10_000

/** Reads accounts with a plain command. A cursor of the driver takes longer, and the server would wait. */
async function findInOneReply(
  query: { readonly filter: object; readonly projection: object },
  { connection, database, session }: Transaction,
) {
  const find = {
    find: collectionsOf(connection).accounts,
    ...query,
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
