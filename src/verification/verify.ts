import type { Connection } from 'mongoose'
import { DatabaseError } from '../errors.ts'
import type { AccountRecord, TransferRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { isCurrency } from '../money/currency.ts'
import { Decimal } from '../money/money.ts'
import { waitUntilOpen } from '../mongodb/connection.ts'
import { isServerError } from '../mongodb/server-errors.ts'
import { AccountProof, Violation, moneyOf } from './account-proof.ts'
import { Reversals } from './reversals.ts'

/** What {@link verify} read, and the first thing that it found wrong. */
export interface Verification {
  readonly accounts: number
  readonly transfers: number
  /** The sum of all balances, by currency. */
  readonly totals: ReadonlyMap<string, Decimal>
  /** Names the record, what was found and what was expected; absent where the books balance. */
  readonly violation?: string
}

/**
 * Proves the books in one snapshot, while others go on posting: every account's transfers are numbered
 * without a gap and each bears the running balance; they add up to the account's balance, which is
 * within its overdraft limit; each reversal takes one transfer back; and in each currency the balances add
 * up to the opening balances. One scan of each collection; memory grows with the number of accounts and
 * of reversals, not of transfers.
 * @throws DatabaseError where the server does not keep a snapshot for long enough
 */
export async function verify(connection: Connection): Promise<Verification> {
  await waitUntilOpen(connection)
  const session = await connection.startSession({ snapshot: true })
  const accounts = new Map<string, AccountProof>()
  let transfers = 0
  try {
    const stored = connection.collection<AccountRecord>('accounts').find({}, { session })
    for await (const account of stored) accounts.set(account._id, new AccountProof(account))
    const collection = connection.collection<TransferRecord>('transfers')
    const reversals = new Reversals()
    for await (const transfer of collection.find({}, { session })) {
      transfers += 1
      followTransfer(transfer, accounts)
      reversals.enter(transfer)
    }
    for (const ids of reversals.originals()) {
      for await (const original of collection.find({ _id: { $in: ids } }, { session })) {
        reversals.match(original)
      }
    }
    reversals.close()
    const totals = new Map<string, Decimal>()
    for (const followed of accounts.values()) followed.close(totals)
    const violation = currencyViolation(accounts, totals)
    return { accounts: accounts.size, transfers, totals, ...(violation && { violation }) }
  } catch (error) {
    if (isServerError(error, 'SnapshotTooOld')) {
      throw new DatabaseError(
        'the server let go of the snapshot before all was read: verify while fewer transfers are posted, or let it keep snapshots for longer (the server parameter minSnapshotHistoryWindowInSeconds)',
        { cause: error },
      )
    }
    if (!(error instanceof Violation)) throw error
    return { accounts: accounts.size, transfers, totals: new Map(), violation: error.message }
  } finally {
    await session.endSession()
  }
}

function followTransfer(
  transfer: TransferRecord,
  accounts: ReadonlyMap<string, AccountProof>,
): void {
  const { _id: transferId, currency, postedAt } = transfer
  const record = `transfer ${transferId}`
  if (!isCurrency(currency)) throw new Violation(`${record} is in ${quote(currency)}, no currency`)
  if (!(postedAt instanceof Date)) throw new Violation(`${record} was posted at ${quote(postedAt)}`)
  const amount = moneyOf(record, 'amount', transfer.amount, currency)
  if (!amount.gt(0)) throw new Violation(`${record} has the amount ${amount}`)
  const sides = [
    ['from', transfer.fromAccount, transfer.fromSequence, amount.neg(), transfer.fromBalance],
    ['to', transfer.toAccount, transfer.toSequence, amount, transfer.toBalance],
  ] as const
  for (const [side, accountId, sequence, change, stored] of sides) {
    const account = accounts.get(accountId)
    if (!account) {
      throw new Violation(`${record} is with account ${accountId}, which does not exist`)
    }
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      throw new Violation(`${record} has the ${side}Sequence ${quote(sequence)}`)
    }
    const balance = moneyOf(record, `${side}Balance`, stored, currency)
    account.enter(sequence, { transferId, currency, postedAt, change, balance })
  }
}

function currencyViolation(
  accounts: ReadonlyMap<string, AccountProof>,
  totals: ReadonlyMap<string, Decimal>,
): string | undefined {
  const opening = new Map<string, Decimal>()
  for (const { currency, openingBalance } of accounts.values()) {
    opening.set(currency, (opening.get(currency) ?? new Decimal(0)).plus(openingBalance))
  }
  for (const [currency, total] of totals) {
    if (!total.eq(opening.get(currency) ?? 0)) {
      return `the balances in ${currency} add up to ${total}, the opening balances to ${opening.get(currency)}`
    }
  }
  return undefined
}
