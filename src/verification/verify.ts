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

/** The result of {@link verify}: what it read, and the first thing that is wrong. */
export interface Verification {
  readonly accounts: number
  readonly transfers: number
  /** The sum of all balances, by currency. Empty if there is a violation in a record. */
  readonly totals: ReadonlyMap<string, Decimal>
  /** The record that is wrong, what was found and what was expected. Absent if the books balance. */
  readonly violation?: string
}

/**
 * Proves that the books balance. It reads one snapshot, so others can go on posting. What it proves:
 * - the transfers of each account are numbered without a gap, and each stores the running balance;
 * - they add up to the account's balance, which is within its overdraft limit;
 * - each reversal reverses one transfer;
 * - in each currency, the balances add up to the opening balances.
 *
 * It scans each collection once. Its memory grows with the number of accounts and reversals, not of transfers.
 * @throws DatabaseError if the server does not keep the snapshot long enough
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
      addTransfer(transfer, accounts)
      reversals.add(transfer)
    }
    for (const ids of reversals.originalIds()) {
      for await (const original of collection.find({ _id: { $in: ids } }, { session })) {
        reversals.match(original)
      }
    }
    reversals.finish()
    const totals = new Map<string, Decimal>()
    for (const proof of accounts.values()) proof.finish(totals)
    const violation = currencyViolation(accounts, totals)
    return { accounts: accounts.size, transfers, totals, ...(violation && { violation }) }
  } catch (error) {
    if (isServerError(error, 'SnapshotTooOld')) {
      throw new DatabaseError(
        'the server dropped the snapshot before everything was read. Verify when fewer transfers are posted, or raise the server parameter minSnapshotHistoryWindowInSeconds',
        { cause: error },
      )
    }
    if (!(error instanceof Violation)) throw error
    return { accounts: accounts.size, transfers, totals: new Map(), violation: error.message }
  } finally {
    await session.endSession()
  }
}

/** Adds a transfer to the proofs of its two accounts. */
function addTransfer(transfer: TransferRecord, accounts: ReadonlyMap<string, AccountProof>): void {
  const { _id: transferId, currency, postedAt } = transfer
  const record = `transfer ${transferId}`
  if (!isCurrency(currency)) {
    throw new Violation(`${record} is in ${quote(currency)}, which is not a currency`)
  }
  if (!(postedAt instanceof Date)) {
    throw new Violation(`${record} was posted at ${quote(postedAt)}, which is not a date`)
  }
  const amount = moneyOf(record, 'amount', transfer.amount, currency)
  if (!amount.gt(0)) {
    throw new Violation(`${record} has the amount ${amount}, which is not above zero`)
  }
  const sides = [
    ['from', transfer.fromAccount, transfer.fromSequence, amount.neg(), transfer.fromBalance],
    ['to', transfer.toAccount, transfer.toSequence, amount, transfer.toBalance],
  ] as const
  for (const [side, accountId, sequence, change, stored] of sides) {
    const account = accounts.get(accountId)
    if (!account) {
      throw new Violation(`${record} names account ${accountId}, which does not exist`)
    }
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      throw new Violation(
        `${record} has the ${side}Sequence ${quote(sequence)}, which is not a whole number of 1 or more`,
      )
    }
    const balance = moneyOf(record, `${side}Balance`, stored, currency)
    account.add(sequence, { transferId, currency, postedAt, change, balance })
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
      return `the balances in ${currency} add up to ${total}, but the opening balances add up to ${opening.get(currency)}`
    }
  }
  return undefined
}
