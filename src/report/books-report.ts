import type { Connection } from 'mongoose'
import { type BatchRecord, batchModel } from '../models/batch.ts'
import type { Decimal128 } from '../money/money.ts'
import type { PlainRecord } from '../money/plain-records.ts'
import { verify } from '../verification/index.ts'
import type { Verification } from '../verification/verification.ts'
import type { VerifyOptions } from '../verification/verify.ts'
import { LIMITS } from './limits.ts'
import { type CurrencyPeriods, aggregate, money, moneyByPeriod } from './periods.ts'

/** What is known of the whole books. */
export interface BooksReport {
  readonly kind: 'books'
  readonly database: string
  readonly madeAt: Date
  /** The proof, as `daybook verify --json` prints it, and how long it took. */
  readonly proof: Verification
  readonly seconds: number
  readonly accounts: readonly CurrencyAccounts[]
  /** The money that transfers moved, by their effective dates, or else by those of their posting. */
  readonly money: readonly CurrencyPeriods[]
  /** How many batches there are, and the latest of them, as `daybook batches --json` prints them. */
  readonly batchCount: number
  readonly batches: readonly PlainRecord<BatchRecord>[]
}

/** The accounts of one currency. The books balance if both sums are equal. */
export interface CurrencyAccounts {
  readonly currency: string
  readonly open: number
  readonly frozen: number
  readonly closed: number
  readonly openingBalance: string
  readonly balance: string
  readonly held: string
}

export async function booksReport(
  connection: Connection,
  options: Pick<VerifyOptions, 'since' | 'signal' | 'onProgress'>,
): Promise<BooksReport> {
  const start = performance.now()
  const proof = await verify(connection, { ...options, limit: LIMITS.violations })
  const seconds = (performance.now() - start) / 1000
  const Batch = batchModel(connection)
  const batches = await Batch.find().sort({ startedAt: -1 }).limit(LIMITS.batches)
  return {
    kind: 'books',
    database: connection.name,
    madeAt: new Date(),
    proof,
    seconds,
    accounts: await accountsByCurrency(connection),
    money: await moneyByPeriod(connection, { $ifNull: ['$effectiveAt', '$postedAt'] }),
    batchCount: await Batch.countDocuments(),
    batches: batches.map((batch) => batch.toJSON()),
  }
}

async function accountsByCurrency(connection: Connection): Promise<CurrencyAccounts[]> {
  const found = await aggregate<StoredSums>(
    connection,
    [
      {
        $group: {
          _id: '$currency',
          open: countOf('open'),
          frozen: countOf('frozen'),
          closed: countOf('closed'),
          openingBalance: { $sum: '$openingBalance' },
          balance: { $sum: '$balance' },
          held: { $sum: { $ifNull: ['$held', { $toDecimal: 0 }] } },
        },
      },
      { $sort: { _id: 1 } },
    ],
    'accounts',
  ).toArray()
  return found.map(({ _id: currency, openingBalance, balance, held, ...counts }) => ({
    currency,
    ...counts,
    openingBalance: money(openingBalance, currency),
    balance: money(balance, currency),
    held: money(held, currency),
  }))
}

const countOf = (status: string) => ({
  $sum: { $cond: [{ $eq: ['$status', status] }, 1, 0] },
})

interface StoredSums {
  readonly _id: string
  readonly open: number
  readonly frozen: number
  readonly closed: number
  readonly openingBalance: Decimal128
  readonly balance: Decimal128
  readonly held: Decimal128
}
