import mongoose, { type mongo } from 'mongoose'
import type { AccountRecord, TransferRecord } from '../../src/index.ts'
import { textOfMinor } from '../../src/internal.ts'
import { OPENING_CENTS, type Payment } from './payments.ts'

const { Decimal128 } = mongoose.mongo.BSON

/** How many ids an account lists. */
const KEPT = 100

interface PaperAccount {
  cents: number
  count: number
  latest: string[]
}

/** What a posting of some transfers writes. */
export interface Writes {
  readonly updates: mongo.AnyBulkWriteOperation<AccountRecord>[]
  readonly transfers: TransferRecord[]
}

/**
 * Knows, with no database, what posting payments writes: for those that write the very same with no
 * posting. Whether it is the same `verify` says.
 */
export class PaperLedger {
  readonly #accounts = new Map<string, PaperAccount>()

  /** The writes of one posting of some payments. */
  post(payments: readonly Payment[], postedAt = new Date()): Writes {
    const moved = new Map<string, string[]>()
    const transfers = payments.map((payment) => {
      for (const accountId of [payment.from, payment.to]) {
        const ids = moved.get(accountId)
        if (ids) ids.push(payment.transferId)
        else moved.set(accountId, [payment.transferId])
      }
      return this.enter(payment, postedAt)
    })
    const updates = [...moved].map(([_id, ids]) => {
      const { cents, count } = this.#accountOf(_id)
      return {
        updateOne: {
          filter: { _id },
          update: {
            $set: { balance: decimal(cents), transferCount: count, updatedAt: postedAt },
            $push: { transfersComplete: { $each: ids.slice(-KEPT), $slice: -KEPT } },
          },
        },
      }
    })
    return { updates, transfers }
  }

  /** The transfer that a payment becomes. */
  enter({ transferId, from, to, cents }: Payment, postedAt: Date): TransferRecord {
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
      fromSequence: sender.count,
      toSequence: receiver.count,
      postedAt,
    }
  }

  /** Updates that bring each account from its opening to where it stands now. */
  settlements(updatedAt: Date): mongo.AnyBulkWriteOperation<AccountRecord>[] {
    return [...this.#accounts].map(([_id, { cents, count, latest }]) => ({
      updateOne: {
        filter: { _id },
        update: {
          $set: {
            balance: decimal(cents),
            transferCount: count,
            transfersComplete: latest.slice(-KEPT),
            updatedAt,
          },
        },
      },
    }))
  }

  #move(accountId: string, cents: number, transferId: string): PaperAccount {
    const account = this.#accountOf(accountId)
    account.cents += cents
    account.count += 1
    account.latest.push(transferId)
    if (account.latest.length > 10 * KEPT) account.latest = account.latest.slice(-KEPT)
    return account
  }

  #accountOf(accountId: string): PaperAccount {
    let account = this.#accounts.get(accountId)
    if (!account) {
      account = { cents: OPENING_CENTS, count: 0, latest: [] }
      this.#accounts.set(accountId, account)
    }
    return account
  }
}

const decimal = (cents: number) => Decimal128.fromString(textOfMinor(cents, 2))
