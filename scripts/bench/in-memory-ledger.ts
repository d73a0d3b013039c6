import mongoose, { type mongo } from 'mongoose'
import type { AccountRecord, TransferRecord } from '../../src/index.ts'
import { formatMinorUnits } from '../../src/internal.ts'
import { OPENING_CENTS, type Payment } from './payments.ts'

const { Decimal128 } = mongoose.mongo.BSON

/** How many of its latest transfers' ids an account keeps: ten times as many as Daybook's. */
const IDS_KEPT = 100

interface AccountState {
  cents: number
  transferCount: number
  latestIds: string[]
}

export interface PostingWrites {
  readonly updates: mongo.AnyBulkWriteOperation<AccountRecord>[]
  readonly transfers: TransferRecord[]
}

/**
 * Computes in memory what a posting of payments writes, for contestants that write the same documents without
 * posting. `verify` proves afterwards that the documents are right.
 */
export class InMemoryLedger {
  readonly #accounts = new Map<string, AccountState>()

  /** The writes of one posting of some payments. */
  post(payments: readonly Payment[], postedAt = new Date()): PostingWrites {
    const idsByAccount = new Map<string, string[]>()
    const transfers = payments.map((payment) => {
      for (const accountId of [payment.from, payment.to]) {
        const ids = idsByAccount.get(accountId)
        if (ids) ids.push(payment.transferId)
        else idsByAccount.set(accountId, [payment.transferId])
      }
      return this.postOne(payment, postedAt)
    })
    const updates = [...idsByAccount].map(([_id, ids]) => {
      const { cents, transferCount } = this.#accountOf(_id)
      return {
        updateOne: {
          filter: { _id },
          update: {
            $set: { balance: decimal(cents), transferCount, updatedAt: postedAt },
            $push: { transfersComplete: { $each: ids.slice(-IDS_KEPT), $slice: -IDS_KEPT } },
          },
        },
      }
    })
    return { updates, transfers }
  }

  /** The transfer that one payment becomes. */
  postOne({ transferId, from, to, cents }: Payment, postedAt: Date): TransferRecord {
    const sender = this.#move(from, -cents, transferId)
    const receiver = this.#move(to, cents, transferId)
    return {
      _id: transferId,
      fromAccount: from,
      toAccount: to,
      amount: decimal(cents),
      currency: 'USD',
      fromBalance: decimal(sender.cents),
      toBalance: decimal(receiver.cents),
      fromSequence: sender.transferCount,
      toSequence: receiver.transferCount,
      postedAt,
    }
  }

  /** Updates that bring each account from its opening to its present state. */
  accountUpdates(updatedAt: Date): mongo.AnyBulkWriteOperation<AccountRecord>[] {
    return [...this.#accounts].map(([_id, { cents, transferCount, latestIds }]) => ({
      updateOne: {
        filter: { _id },
        update: {
          $set: {
            balance: decimal(cents),
            transferCount,
            transfersComplete: latestIds.slice(-IDS_KEPT),
            updatedAt,
          },
        },
      },
    }))
  }

  #move(accountId: string, cents: number, transferId: string): AccountState {
    const account = this.#accountOf(accountId)
    account.cents += cents
    account.transferCount += 1
    account.latestIds.push(transferId)
    if (account.latestIds.length > 10 * IDS_KEPT) {
      account.latestIds = account.latestIds.slice(-IDS_KEPT)
    }
    return account
  }

  #accountOf(accountId: string): AccountState {
    let account = this.#accounts.get(accountId)
    if (!account) {
      account = { cents: OPENING_CENTS, transferCount: 0, latestIds: [] }
      this.#accounts.set(accountId, account)
    }
    return account
  }
}

const decimal = (cents: number) => Decimal128.fromString(formatMinorUnits(cents, 2))
