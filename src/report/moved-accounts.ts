import type { Connection } from 'mongoose'
import { type Decimal128, formatMoney, toDecimal } from '../money/money.ts'
import { LIMITS } from './limits.ts'
import { aggregate, money } from './periods.ts'

/** What a batch moved on one account. */
export interface MovedAccount {
  readonly account: string
  readonly transfers: number
  /** The balance before the first of these transfers, and after the last. Others may have posted in between. */
  readonly before: string
  readonly after: string
  readonly received: string
  readonly sent: string
}

/** The accounts of one currency that received and sent most, and how many moved at all. */
export interface MovedAccounts {
  readonly currency: string
  readonly accounts: number
  readonly most: readonly MovedAccount[]
}

/** The accounts that a batch moved most, for each currency. The server sums and sorts them. */
export async function movedAccounts(
  connection: Connection,
  batch: string,
): Promise<MovedAccounts[]> {
  const [found] = await aggregate<Found>(connection, [
    { $match: { batch } },
    {
      $project: {
        currency: 1,
        legs: [
          {
            account: '$fromAccount',
            at: {
              sequence: '$fromSequence',
              balance: '$fromBalance',
              received: ZERO,
              sent: '$amount',
            },
          },
          {
            account: '$toAccount',
            at: { sequence: '$toSequence', balance: '$toBalance', received: '$amount', sent: ZERO },
          },
        ],
      },
    },
    { $unwind: '$legs' },
    {
      $group: {
        _id: { currency: '$currency', account: '$legs.account' },
        transfers: { $sum: 1 },
        // Compared by the sequence, which is their first field.
        first: { $min: '$legs.at' },
        last: { $max: '$legs.at' },
        received: { $sum: '$legs.at.received' },
        sent: { $sum: '$legs.at.sent' },
      },
    },
    {
      $facet: {
        counts: [{ $group: { _id: '$_id.currency', accounts: { $sum: 1 } } }],
        most: [
          // A window has one key to sort by: a document, compared by its first field and then by the next.
          {
            $set: {
              order: {
                moved: { $multiply: [{ $add: ['$received', '$sent'] }, -1] },
                account: '$_id.account',
              },
            },
          },
          {
            $setWindowFields: {
              partitionBy: '$_id.currency',
              sortBy: { order: 1 },
              output: { place: { $documentNumber: {} } },
            },
          },
          { $match: { place: { $lte: LIMITS.accountsPerCurrency } } },
          { $sort: { place: 1 } },
        ],
      },
    },
  ]).toArray()
  const { counts = [], most = [] } = found ?? {}
  return counts
    .map(({ _id: currency, accounts }) => ({
      currency,
      accounts,
      most: most.filter(({ _id }) => _id.currency === currency).map(asMoved),
    }))
    .toSorted((one, other) => (one.currency < other.currency ? -1 : 1))
}

const ZERO = { $toDecimal: 0 }

interface Found {
  readonly counts: readonly { readonly _id: string; readonly accounts: number }[]
  readonly most: readonly StoredMoves[]
}

interface StoredMoves {
  readonly _id: { readonly currency: string; readonly account: string }
  readonly transfers: number
  readonly first: StoredMove
  readonly last: StoredMove
  readonly received: Decimal128
  readonly sent: Decimal128
}

interface StoredMove {
  readonly balance: Decimal128
  readonly received: Decimal128
  readonly sent: Decimal128
}

function asMoved({ _id, transfers, first, last, received, sent }: StoredMoves): MovedAccount {
  const { currency, account } = _id
  const before = toDecimal(first.balance)
    .minus(toDecimal(first.received))
    .plus(toDecimal(first.sent))
  return {
    account,
    transfers,
    before: formatMoney(before, currency),
    after: money(last.balance, currency),
    received: money(received, currency),
    sent: money(sent, currency),
  }
}
