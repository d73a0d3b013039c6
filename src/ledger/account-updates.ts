import mongoose from 'mongoose'
import { collectionsOf, ledgerOf } from '../definition.ts'
import { toDecimal128 } from '../money/money.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import type { LedgerAccount } from './ledger-state.ts'
import type { TransferRecord } from './records.ts'
import { storedAccountOf } from './stored-ledger.ts'

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
