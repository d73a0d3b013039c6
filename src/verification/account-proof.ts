import { countOf, named } from '../messages.ts'
import { type Digest, digestOfHex, digestToHex, nextDigest } from './account-digest.ts'
import type { StoredAccount } from './account-reader.ts'
import type { AccountState } from './kept-state/account-state.ts'
import type { Entry } from './transfer-reader.ts'
import { showUnits } from './units.ts'
import type { ViolationKind, ViolationLog } from './violations.ts'

/** A transfer of an account, and its number. */
export interface NumberedTransfer {
  readonly transferId: string
  readonly sequence: number
}

interface AccountProofOptions {
  readonly log: ViolationLog
  /** The state that the proof starts from, instead of the opening. */
  readonly since: AccountState | undefined
  /** A state that the account must have been in. */
  readonly against: AccountState | undefined
}

/**
 * Proves one account by its transfers, which come in the order of their sequences: they are numbered without a gap,
 * each stores the right balance, and together they lead from the opening balance to the current one.
 *
 * After a violation it goes on from what is stored, so that one damaged record is reported once.
 */
export class AccountProof {
  readonly #account: StoredAccount
  readonly #log: ViolationLog
  readonly #against: AccountState | undefined
  /** The highest sequence so far. */
  #sequence = 0
  /** The balance after that transfer. Undefined if it is damaged. */
  #balance: bigint | undefined
  /** When that transfer was posted. Undefined if it is damaged. */
  #postedAt: number | undefined
  /** What that transfer changed the balance by. Undefined if it is damaged or was not read. */
  #change: bigint | undefined
  #digest: Digest
  /** A transfer that was posted after the account was read, or that its count leaves out. */
  beyond: NumberedTransfer | undefined

  constructor(account: StoredAccount, { log, since, against }: AccountProofOptions) {
    this.#account = account
    this.#log = log
    this.#against = against
    if (since) {
      this.#sequence = since.transfers
      this.#balance = since.balance
      this.#postedAt = since.postedAt
      this.#digest = digestOfHex(since.digest)
    } else {
      this.#balance = account.openingBalance
      this.#digest = account.openingDigest
      this.#compare()
    }
  }

  /** Adds the next of the account's transfers, in the order of their sequences. */
  add(entry: Entry): void {
    const { sequence, transferId } = entry
    const { transferCount } = this.#account
    // The record of the transfer itself is reported.
    if (sequence === undefined || sequence < 1) return
    if (transferCount !== undefined && sequence > transferCount) {
      this.beyond = { transferId, sequence }
      return
    }
    if (sequence === this.#sequence) {
      this.#add(
        'sequence',
        `has a second transfer with the sequence ${sequence}: ${named(transferId)}`,
      )
      return
    }
    const expected = this.#sequence + 1
    const isNext = sequence === expected
    if (!isNext) {
      const missing =
        sequence - 1 === expected ? `sequence ${expected}` : `sequences ${expected}–${sequence - 1}`
      this.#add('sequence', `has no transfer with the ${missing}, but one with ${sequence}`)
    }
    this.#check(entry, { isNext })
    this.#sequence = sequence
    // A balance in another currency says nothing about the account's.
    this.#balance = entry.currency === this.#account.currency ? entry.balance : undefined
    this.#postedAt = entry.postedAt
    this.#change = entry.change
    this.#digest = nextDigest(this.#digest, entry.bytes)
    this.#compare()
  }

  /** Compares the digest when it has come to the transfers of the earlier state. */
  #compare(): void {
    const { transfers, digest } = this.#against ?? {}
    if (this.#sequence !== transfers || digestToHex(this.#digest) === digest) return
    const what = transfers === 0 ? 'opening' : `opening or one of its transfers 1–${transfers}`
    this.#add('changed', `does not have the digest of the kept state: its ${what} was changed`)
  }

  #check(entry: Entry, { isNext }: { isNext: boolean }): void {
    const { sequence, transferId, currency, postedAt, change, balance } = entry
    const { currency: expected, createdAt, latestIds, transferCount } = this.#account
    const name = named(transferId)
    if (currency !== undefined && expected !== undefined && currency !== expected) {
      this.#add('currency', `is in ${expected}, but its transfer ${name} is in ${currency}`)
    } else if (
      isNext &&
      balance !== undefined &&
      change !== undefined &&
      this.#balance !== undefined &&
      balance !== this.#balance + change
    ) {
      const [found, right] = [this.#show(balance), this.#show(this.#balance + change)]
      this.#add(
        'balance',
        `has the balance ${found} after transfer ${name}, but should have ${right}`,
      )
    }
    if (postedAt !== undefined) {
      if (this.#postedAt !== undefined && postedAt < this.#postedAt) {
        this.#add('time', `has transfer ${name} posted earlier than the transfer before it`)
      }
      if (createdAt !== undefined && postedAt < createdAt) {
        this.#add('time', `was opened after its transfer ${name} was posted`)
      }
    }
    if (latestIds && transferCount !== undefined) {
      const listed = latestIds[latestIds.length - 1 - (transferCount - (sequence as number))]
      if (listed !== undefined && listed !== transferId) {
        const found = named(listed)
        this.#add('latest-ids', `lists ${found} in transfersComplete where ${name} is expected`)
      }
    }
  }

  /** Completes the proof after all transfers were added. */
  finish(): void {
    const { transferCount, balance, openingBalance, status, createdAt, updatedAt } = this.#account
    // That the account has fewer transfers than its kept state is reported.
    if (transferCount !== undefined && this.#sequence > transferCount) return
    if (transferCount !== undefined && this.#sequence < transferCount) {
      this.#add(
        'sequence',
        `has ${countOf(this.#sequence, 'transfer')}, but its transferCount is ${transferCount}`,
      )
    } else if (balance !== undefined && this.#balance !== undefined && balance !== this.#balance) {
      const [found, right] = [this.#show(balance), this.#show(this.#balance)]
      this.#add('balance', `has the balance ${found}, but its transfers add up to ${right}`)
    }
    if (updatedAt === undefined) return
    const hasTransfers = this.#sequence > 0
    const changedAt = hasTransfers ? this.#postedAt : createdAt
    if (hasTransfers && changedAt !== undefined && updatedAt < changedAt) {
      this.#add('time', 'was updated before its latest transfer was posted')
    }
    // What follows is certain only if the transfer was the account's latest change.
    if (changedAt !== updatedAt) return
    if (hasTransfers && (status === 'frozen' || status === 'closed')) {
      this.#add('status', `is ${status}, but was open when its latest transfer was posted`)
    }
    this.#checkLimit(hasTransfers ? this.#change : openingBalance)
  }

  /** What the transfers have come to. To be used only if nothing is wrong. */
  state(): AccountState {
    const { id, currency, openingBalance, createdAt } = this.#account
    return {
      id,
      currency: currency as string,
      openedAt: createdAt as number,
      openingBalance: openingBalance as bigint,
      transfers: this.#sequence,
      balance: this.#balance as bigint,
      postedAt: this.#postedAt,
      digest: digestToHex(this.#digest),
    }
  }

  /** Checks the limit if the latest change was a payment: the limit may have been lowered after an earlier one. */
  #checkLimit(change: bigint | undefined): void {
    const { balance, overdraftLimit } = this.#account
    if (change === undefined || change >= 0n) return
    if (balance === undefined || overdraftLimit === undefined || balance >= -overdraftLimit) return
    const [found, lowest] = [this.#show(balance), this.#show(-overdraftLimit)]
    this.#add('limit', `has the balance ${found}, but the lowest it may have is ${lowest}`)
  }

  #show(units: bigint): string {
    return showUnits(units, this.#account.currency as string)
  }

  #add(kind: ViolationKind, problem: string): void {
    const { id } = this.#account
    const message = `account ${named(id)} ${problem}`
    this.#log.add({ kind, collection: 'accounts', id, message })
  }
}
