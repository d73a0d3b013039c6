import type { AccountRecord } from '../ledger/records.ts'
import { TRANSFERS_KEPT } from '../ledger/stored-ledger.ts'
import { quote } from '../messages.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { Decimal, Decimal128 } from '../money/money.ts'

/** Leaves a verification at the first thing found wrong, which its message names. */
export class Violation extends Error {}

/** One side of a transfer, as its account sees it. */
export interface Entry {
  readonly transferId: string
  readonly currency: string
  readonly postedAt: Date
  /** What the account received, or minus what it sent. */
  readonly change: Decimal
  readonly balance: Decimal
}

/** Reads stored money, which must be a Decimal128 with exactly its currency's decimals. */
export function moneyOf(record: string, field: string, stored: unknown, currency: string): Decimal {
  const text = stored instanceof Decimal128 ? stored.toString() : ''
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) {
    throw new Violation(
      `${record} has the ${field} ${quote(stored)}, which is no Decimal128 amount`,
    )
  }
  const decimals = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0
  if (decimals !== scaleOf(currency)) {
    throw new Violation(
      `${record} has the ${field} ${text}, not with the ${scaleOf(currency)} decimals of ${currency}`,
    )
  }
  return new Decimal(text)
}

/** An account, and how far its transfers have been followed. */
export class AccountProof {
  readonly #account: AccountRecord
  readonly openingBalance: Decimal
  readonly #storedBalance: Decimal
  readonly #lowestBalance: Decimal
  #sequence = 0
  #balance: Decimal
  #last: Entry | undefined
  /** Entries met before their turn: few, because transfers lie in the order in which they were posted. */
  readonly #early = new Map<number, Entry>()

  constructor(account: AccountRecord) {
    this.#account = account
    const { _id, currency, status, transferCount, transfersComplete, createdAt, updatedAt } =
      account
    if (!isCurrency(currency)) this.#fail(`is in ${quote(currency)}, no currency`)
    if (!['open', 'frozen', 'closed'].includes(status))
      this.#fail(`has the status ${quote(status)}`)
    if (!Array.isArray(transfersComplete)) this.#fail('has no list transfersComplete')
    if (!(createdAt instanceof Date && updatedAt instanceof Date)) this.#fail('has no times')
    if (updatedAt < createdAt) this.#fail('was updated before it was opened')
    if (!Number.isSafeInteger(transferCount) || transferCount < 0) {
      this.#fail(`has the transferCount ${quote(transferCount)}`)
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
      this.#fail(`has the overdraftLimit ${this.#lowestBalance.neg()}, below zero`)
    }
    if (status === 'closed' && !this.#storedBalance.isZero()) {
      this.#fail(`is closed with the balance ${this.#storedBalance}`)
    }
  }

  get currency(): string {
    return this.#account.currency
  }

  enter(sequence: number, entry: Entry): void {
    if (sequence <= this.#sequence || this.#early.has(sequence)) {
      this.#fail(`has a second transfer with the sequence ${sequence}: ${entry.transferId}`)
    }
    this.#early.set(sequence, entry)
    let next: Entry | undefined
    while ((next = this.#early.get(this.#sequence + 1))) {
      this.#sequence += 1
      this.#early.delete(this.#sequence)
      this.#follow(next)
    }
  }

  #follow(entry: Entry): void {
    const { transferId, currency, postedAt, change, balance } = entry
    const { transferCount, transfersComplete, currency: expected } = this.#account
    const expectedBalance = this.#balance.plus(change)
    if (!balance.eq(expectedBalance)) {
      this.#fail(`has the balance ${balance} after transfer ${transferId}, not ${expectedBalance}`)
    }
    if (currency !== expected)
      this.#fail(`is in ${expected}, its transfer ${transferId} in ${currency}`)
    if (this.#last && postedAt < this.#last.postedAt) {
      this.#fail(`has transfer ${transferId} posted before the one of the sequence before`)
    }
    if (postedAt < this.#account.createdAt) {
      this.#fail(`was opened after its transfer ${transferId} was posted`)
    }
    if (this.#sequence > transferCount) {
      this.#fail(`has more transfers than its transferCount of ${transferCount}`)
    }
    const place = transfersComplete.length - (transferCount - this.#sequence) - 1
    if (place >= 0 && transfersComplete[place] !== transferId) {
      this.#fail(
        `lists ${transfersComplete[place]} in transfersComplete where ${transferId} is expected`,
      )
    }
    this.#balance = balance
    this.#last = entry
  }

  /** Proves the account once all its transfers were met, and adds its balance to its currency's total. */
  close(totals: Map<string, Decimal>): void {
    const { currency, transferCount, createdAt, updatedAt } = this.#account
    const [early] = this.#early.keys()
    if (early !== undefined) {
      this.#fail(`has no transfer with the sequence ${this.#sequence + 1}, but one with ${early}`)
    }
    if (this.#last && updatedAt < this.#last.postedAt) {
      this.#fail(`was updated before its latest transfer was posted`)
    }
    if (this.#sequence !== transferCount) {
      this.#fail(`has ${this.#sequence} transfers, its transferCount is ${transferCount}`)
    }
    const balance = this.#storedBalance
    if (!balance.eq(this.#balance)) {
      this.#fail(`has the balance ${balance}, its transfers add up to ${this.#balance}`)
    }
    // Only a payment is held to the limit, which may have been lowered after it.
    const { change, postedAt } = this.#last ?? { change: balance, postedAt: createdAt }
    const isHeld = change.lt(0) && updatedAt.getTime() === postedAt.getTime()
    if (isHeld && balance.lt(this.#lowestBalance)) {
      this.#fail(`has the balance ${balance}, below its lowest of ${this.#lowestBalance}`)
    }
    totals.set(currency, (totals.get(currency) ?? new Decimal(0)).plus(balance))
  }

  #fail(problem: string): never {
    throw new Violation(`account ${this.#account._id} ${problem}`)
  }
}
