import type { LedgerAccount, TransferRecord } from './evaluation.ts'
import { type Decimal128, toDecimal, toDecimal128 } from './money.ts'
import type { Transaction } from './transaction.ts'

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
  const stored = await database
    .collection<StoredAccount>('accounts')
    .find(
      { _id: { $in: [...accountIds] } },
      { projection: STATE, batchSize: accountIds.size + 1, ...(session && { session }) },
    )
    .toArray()
  return new Map(
    stored.map(({ _id, currency, status, balance, overdraftLimit, transferCount, updatedAt }) => [
      _id,
      // Spelled out: what is spread from a decoded document is several times as slow to work on.
      {
        _id,
        currency,
        status,
        lowestBalance: toDecimal(overdraftLimit).neg(),
        balance: toDecimal(balance),
        transferCount,
        updatedAt,
      },
    ]),
  )
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

/** A write that is made ready: it is encoded already, and calling it sends it. */
export type ReadyWrite = () => Promise<void>

/** Stores transfers as they are. An id that is there already is a duplicate key error. */
export function insertOf(
  transfers: readonly TransferRecord[],
  { database, session }: Transaction,
): ReadyWrite {
  const bulk = database.collection<TransferRecord>('transfers').initializeOrderedBulkOp()
  for (const transfer of transfers) bulk.insert(transfer)
  return async () => {
    if (bulk.length > 0) await bulk.execute({ session })
  }
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
  { database, session }: Transaction,
): ReadyWrite {
  const completed = new Map<string, string[]>()
  for (const { _id, fromAccount, toAccount } of transfers) {
    for (const accountId of [fromAccount, toAccount]) {
      const ids = completed.get(accountId)
      if (ids) ids.push(_id)
      else completed.set(accountId, [_id])
    }
  }
  const bulk = database.collection('accounts').initializeUnorderedBulkOp()
  for (const [accountId, ids] of completed) {
    const { balance, currency, transferCount, updatedAt } = accounts.get(accountId) as LedgerAccount
    const $set = { balance: toDecimal128(balance, currency), transferCount, updatedAt }
    const latest = { $each: ids.slice(-TRANSFERS_KEPT), $slice: -TRANSFERS_KEPT }
    const before = presumed?.get(accountId)
    bulk
      .find(before ? storedAccount(before) : { _id: accountId })
      .updateOne({ $set, $push: { transfersComplete: latest } })
  }
  return async () => {
    if (bulk.length === 0) return
    const { matchedCount } = await bulk.execute({ session })
    if (matchedCount !== bulk.length) throw new ChangedAccountError()
  }
}

type Accounts = ReadonlyMap<string, LedgerAccount>

/** An account as {@link readAccounts} found it. */
const storedAccount = ({ lowestBalance, balance, ...account }: LedgerAccount): StoredAccount => ({
  ...account,
  balance: toDecimal128(balance, account.currency),
  overdraftLimit: toDecimal128(lowestBalance.neg(), account.currency),
})
