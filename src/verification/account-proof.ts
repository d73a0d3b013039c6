import type { AccountRecord } from '../ledger/records.ts'
import { TRANSFERS_KEPT } from '../ledger/stored-ledger.ts'
import { quote } from '../messages.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { Decimal, Decimal128 } from '../money/money.ts'

/** Ends a verification at the first thing that is wrong. The message says what it is. */
export class Violation extends Error {}

/** One side of a transfer, as its account sees it. */
export interface Entry {
  readonly transferId: string
  readonly currency: string
  readonly postedAt: Date
  /** The change of the account's balance: positive if it received, negative if it sent. */
  readonly change: Decimal
  /** The account's balance after the transfer, as stored in the transfer. */
  readonly balance: Decimal
}

/** Reads stored money, which must be a Decimal128 with exactly its currency's decimals. */
export function moneyOf(record: string, field: string, stored: unknown, currency: string): Decimal {
  const text = stored instanceof Decimal128 ? stored.toString() : ''
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) {
    throw new Violation(
      `${record} has the ${field} ${quote(stored)}, which is not a Decimal128 amount`,
    )
  }
  const decimals = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0
  if (decimals !== scaleOf(currency)) {
    throw new Violation(
      `${record} has the ${field} ${text}, but ${currency} has ${scaleOf(currency)} decimals`,
    )
  }
  return new Decimal(text)
}

/**
 * Proves one account: its transfers are numbered without a gap, each stores the right balance, and together
 * they lead from the opening balance to the current one.
 */
export class AccountProof {
  readonly #account: AccountRecord
  readonly openingBalance: Decimal
  readonly #storedBalance: Decimal
  readonly #lowestBalance: Decimal
  /** The sequence up to which its transfers have been checked. */
  #sequence = 0
  /** The running balance after that transfer. */
  #balance: Decimal
  #last: Entry | undefined
  /** Entries that came before their turn: few, because transfers are stored in the order of posting. */
  readonly #early = new Map<number, Entry>()

  constructor(account: AccountRecord) {
    this.#account = account
    const { _id, currency, status, transferCount, transfersComplete, createdAt, updatedAt } =
      account
    if (!isCurrency(currency)) {
      this.#fail(`is in ${quote(currency)}, which is not a currency`)
    }
    if (!['open', 'frozen', 'closed'].includes(status)) {
      this.#fail(`has the status ${quote(status)}, which does not exist`)
    }
    if (!Array.isArray(transfersComplete)) {
      this.#fail('has no list transfersComplete')
    }
    if (!(createdAt instanceof Date && updatedAt instanceof Date)) {
      this.#fail('lacks createdAt or updatedAt')
    }
    if (updatedAt < createdAt) this.#fail('was updated before it was opened')
    if (!Number.isSafeInteger(transferCount) || transferCount < 0) {
      this.#fail(
        `has the transferCount ${quote(transferCount)}, which is not a whole number of 0 or more`,
      )
    }
    if (transfersComplete.length !== Math.min(transferCount, TRANSFERS_KEPT)) {
      this.#fail(
        `lists ${transfersComplete.length} of ${transferCount} transfers in transfersComplete`,
      )
    }
    const money = (field: 'balance' | 'openingBalance' | 'overdraftLimit') =>
      moneyOf(`account ${_id}`, field, account[field], currency)
    this.openingBalance = money('openingBalance')
    this.#storedBalance = money('balance')
    this.#lowestBalance = money('overdraftLimit').neg()
    this.#balance = this.openingBalance
    if (this.#lowestBalance.gt(0)) {
      this.#fail(`has the overdraftLimit ${this.#lowestBalance.neg()}, which is below zero`)
    }
    if (status === 'closed' && !this.#storedBalance.isZero()) {
      this.#fail(`is closed, but has the balance ${this.#storedBalance}`)
    }
  }

  get currency(): string {
    return this.#account.currency
  }

  /** Adds one of the account's transfers, in any order. It is checked once all before it were added. */
  add(sequence: number, entry: Entry): void {
    if (sequence <= this.#sequence || this.#early.has(sequence)) {
      this.#fail(`has a second transfer with the sequence ${sequence}: ${entry.transferId}`)
    }
    this.#early.set(sequence, entry)
    let next: Entry | undefined
    while ((next = this.#early.get(this.#sequence + 1))) {
      this.#sequence += 1
      this.#early.delete(this.#sequence)
      this.#check(next)
    }
  }

  #check(entry: Entry): void {
    const { transferId, currency, postedAt, change, balance } = entry
    const { transferCount, transfersComplete, currency: expected } = this.#account
    const expectedBalance = this.#balance.plus(change)
    if (!balance.eq(expectedBalance)) {
      this.#fail(
        `has the balance ${balance} after transfer ${transferId}, but should have ${expectedBalance}`,
      )
    }
    if (currency !== expected) {
      this.#fail(`is in ${expected}, but its transfer ${transferId} is in ${currency}`)
    }
    if (this.#last && postedAt < this.#last.postedAt) {
      this.#fail(`has transfer ${transferId} posted earlier than the transfer before it`)
    }
    if (postedAt < this.#account.createdAt) {
      this.#fail(`was opened after its transfer ${transferId} was posted`)
    }
    if (this.#sequence > transferCount) {
      this.#fail(`has more transfers than its transferCount of ${transferCount}`)
    }
    const index = transfersComplete.length - (transferCount - this.#sequence) - 1
    if (index >= 0 && transfersComplete[index] !== transferId) {
      this.#fail(
        `lists ${transfersComplete[index]} in transfersComplete where ${transferId} is expected`,
      )
    }
    this.#balance = balance
    this.#last = entry
  }

  /** Completes the proof after all transfers were added, and adds the balance to the total of its currency. */
  finish(totals: Map<string, Decimal>): void {
    const { currency, transferCount, createdAt, updatedAt } = this.#account
    const [early] = this.#early.keys()
    if (early !== undefined) {
      this.#fail(`has no transfer with the sequence ${this.#sequence + 1}, but one with ${early}`)
    }
    if (this.#last && updatedAt < this.#last.postedAt) {
      this.#fail(`was updated before its latest transfer was posted`)
    }
    if (this.#sequence !== transferCount) {
      this.#fail(`has ${this.#sequence} transfers, but its transferCount is ${transferCount}`)
    }
    const balance = this.#storedBalance
    if (!balance.eq(this.#balance)) {
      this.#fail(`has the balance ${balance}, but its transfers add up to ${this.#balance}`)
    }
    // Checked only if the account's latest change is a payment: its limit may have been lowered afterwards.
    const { change, postedAt } = this.#last ?? { change: balance, postedAt: createdAt }
    const isLimitBinding = change.lt(0) && updatedAt.getTime() === postedAt.getTime()
    if (isLimitBinding && balance.lt(this.#lowestBalance)) {
      this.#fail(`has the balance ${balance}, but the lowest it may have is ${this.#lowestBalance}`)
    }
    totals.set(currency, (totals.get(currency) ?? new Decimal(0)).plus(balance))
  }

  #fail(problem: string): never {
    throw new Violation(`account ${this.#account._id} ${problem}`)
  }
}
