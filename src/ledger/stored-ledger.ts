import mongoose from 'mongoose'
import { type Decimal128, toDecimal, toDecimal128 } from '../money/money.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import type { LedgerAccount } from './evaluation.ts'
import type { TransferRecord } from './records.ts'

/** How many ids `account.transfersComplete` holds: the latest. */
export const TRANSFERS_KEPT = 100

interface StoredAccount extends Omit<LedgerAccount, 'balance' | 'lowestBalance'> {
  balance: Decimal128
  overdraftLimit: Decimal128
}

const STATE = {
  currency: 1,
  status: 1,
  balance: 1,
  overdraftLimit: 1,
  transferCount: 1,
  updatedAt: 1,
}

/** Where the ledger is read: in a transaction, or as it is at the moment. */
type Reader = Pick<Transaction, 'database'> & Partial<Transaction>

/** The accounts of these numbers; those that do not exist are missing. */
export async function readAccounts(
  accountIds: ReadonlySet<string>,
  { database, session }: Reader,
): Promise<Map<string, LedgerAccount>> {
  const filter = { _id: { $in: [...accountIds] } }
  const stored =
    session && accountIds.size <= ONE_REPLY
      ? await findInOneReply(filter, { database, session })
      : await database
          .collection<StoredAccount>('accounts')
          .find(filter, {
            projection: STATE,
            batchSize: accountIds.size + 1,
            ...(session && { session }),
          })
          .toArray()
  return new Map(stored.map((account) => [account._id, ledgerAccountOf(account)]))
}

/** An account as a posting works on it. */
export function ledgerAccountOf(stored: StoredAccount): LedgerAccount {
  const { _id, currency, status, balance, overdraftLimit, transferCount, updatedAt } = stored
  // Spelled out: what is spread from a decoded document is several times as slow to work on.
  return {
    _id,
    currency,
    status,
    lowestBalance: toDecimal(overdraftLimit).neg(),
    balance: toDecimal(balance),
    transferCount,
    updatedAt,
  }
}

/** How many accounts one reply surely holds: 16 MB at most, and an account's state is below 1 kB. */
const ONE_REPLY = 10_000

/** {@link readAccounts} by a plain command: for what the driver does for a cursor the server would wait. */
async function findInOneReply(filter: object, { database, session }: Transaction) {
  const find = {
    find: 'accounts',
    filter,
    projection: STATE,
    batchSize: ONE_REPLY,
    singleBatch: true,
  }
  const { cursor } = await database.command(find, { session })
  return (cursor as { firstBatch: StoredAccount[] }).firstBatch
}

/** The transfers that are posted under these ids. */
export async function readTransfers(
  transferIds: readonly string[],
  { database, session }: Reader,
): Promise<Map<string, TransferRecord>> {
  const stored = await database
    .collection<TransferRecord>('transfers')
    .find(
      { _id: { $in: transferIds } },
      { batchSize: transferIds.length + 1, ...(session && { session }) },
    )
    .toArray()
  return new Map(stored.map((transfer) => [transfer._id, transfer]))
}

/** An account is not as it was presumed to be; the transaction that presumed it must end. */
export class ChangedAccountError extends Error {
  override readonly name = 'ChangedAccountError'
}

/** A write that is made ready: a large one is encoded already, and calling it sends it. */
export type ReadyWrite = () => Promise<void>

/** Stores transfers as they are. An id that is there already is a duplicate key error. */
export function insertOf(
  transfers: readonly TransferRecord[],
  transaction: Transaction,
): ReadyWrite {
  if (transfers.length <= FEW) {
    const insert = { insert: 'transfers', documents: transfers }
    return async () => void (transfers.length > 0 && (await write(insert, transaction)))
  }
  const { database, session } = transaction
  const bulk = database.collection<TransferRecord>('transfers').initializeOrderedBulkOp()
  for (const transfer of transfers) bulk.insert(transfer)
  return async () => void (await bulk.execute({ session }))
}

/**
 * One update for each account that transfers moved, to what it is after the last of them; another
 * transaction's change to one of them meanwhile is a write conflict. Accounts that were `presumed`, not
 * read, must be found as they were.
 * @throws ChangedAccountError where one is not, and nothing may be committed
 */
export function accountUpdateOf(
  transfers: readonly TransferRecord[],
  { accounts, presumed }: Record<'accounts', Accounts> & Partial<Record<'presumed', Accounts>>,
  transaction: Transaction,
): ReadyWrite {
  const completed = new Map<string, string[]>()
  for (const { _id, fromAccount, toAccount } of transfers) {
    for (const accountId of [fromAccount, toAccount]) {
      const ids = completed.get(accountId)
      if (ids) ids.push(_id)
      else completed.set(accountId, [_id])
    }
  }
  const updates = [...completed].map(([accountId, ids]): AccountUpdate => {
    const { balance, currency, transferCount, updatedAt } = accounts.get(accountId) as LedgerAccount
    const $set = { balance: toDecimal128(balance, currency), transferCount, updatedAt }
    const latest = { $each: ids.slice(-TRANSFERS_KEPT), $slice: -TRANSFERS_KEPT }
    const before = presumed?.get(accountId)
    return {
      q: before ? storedAccount(before) : { _id: accountId },
      u: { $set, $push: { transfersComplete: latest } },
    }
  })
  const send = sendingOf(updates, transaction)
  return async () => {
    if ((await send()) !== updates.length) throw new ChangedAccountError()
  }
}

/** What an account must be, and what it becomes. */
interface AccountUpdate {
  readonly q: object
  readonly u: { readonly $set: object; readonly $push: object }
}

/** Makes updates ready; sending them gives how many accounts were found. */
function sendingOf(updates: AccountUpdate[], transaction: Transaction): () => Promise<number> {
  if (updates.length <= FEW) {
    const update = { update: 'accounts', updates, ordered: false }
    return async () => (updates.length > 0 ? await write(update, transaction) : 0)
  }
  const { database, session } = transaction
  const bulk = database.collection('accounts').initializeUnorderedBulkOp()
  for (const { q, u } of updates) bulk.find(q).updateOne(u)
  return async () => (await bulk.execute({ session })).matchedCount
}

/**
 * How many documents are written by a plain command: what the driver does for a bulk operation would make
 * a lone transfer a tenth slower.
 */
const FEW = 100

/** Sends a write and gives how many documents it found or stored. */
async function write(command: object, { database, session }: Transaction): Promise<number> {
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

/** An account as {@link readAccounts} found it. */
const storedAccount = ({ lowestBalance, balance, ...account }: LedgerAccount): StoredAccount => ({
  ...account,
  balance: toDecimal128(balance, account.currency),
  overdraftLimit: toDecimal128(lowestBalance.neg(), account.currency),
})
