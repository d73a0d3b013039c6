import type { Connection } from 'mongoose'
import { type Decimal, type Decimal128, formatMoney, toDecimal } from '../money/money.ts'
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

/**
 * Stages that sum up what transfers moved on each account, and choose those of each currency that moved most. They keep
 * the sequences of an account's first and last transfer and not its balances after them, which would make the server group
 * four times as slowly.
 */
export const MOVED_STAGES: readonly object[] = [
  {
    $project: {
      currency: 1,
      leg: [
        { account: '$fromAccount', sequence: '$fromSequence', sent: '$amount' },
        { account: '$toAccount', sequence: '$toSequence', received: '$amount' },
      ],
    },
  },
  { $unwind: '$leg' },
  {
    $group: {
      _id: '$leg.account',
      currency: { $first: '$currency' },
      transfers: { $sum: 1 },
      first: { $min: '$leg.sequence' },
      last: { $max: '$leg.sequence' },
      received: { $sum: '$leg.received' },
      sent: { $sum: '$leg.sent' },
    },
  },
  // The sum of nothing is not a decimal.
  { $set: { received: { $toDecimal: '$received' }, sent: { $toDecimal: '$sent' } } },
  { $set: { moved: { $add: ['$received', '$sent'] } } },
  {
    $group: {
      _id: '$currency',
      accounts: { $sum: 1 },
      most: {
        $topN: {
          n: LIMITS.accountsPerCurrency,
          sortBy: { moved: -1, _id: 1 },
          output: '$$ROOT',
        },
      },
    },
  },
  { $sort: { _id: 1 } },
]

/** What {@link MOVED_STAGES} find of one currency. */
export interface FoundMoves {
  readonly _id: string
  readonly accounts: number
  readonly most: readonly AccountMoves[]
}

interface AccountMoves {
  readonly _id: string
  readonly transfers: number
  /** The sequences of its first and its last transfer. */
  readonly first: number
  readonly last: number
  readonly received: Decimal128
  readonly sent: Decimal128
}

/** What the server has found, with the balances before and after it. */
export async function movedAccounts(
  connection: Connection,
  found: readonly FoundMoves[],
): Promise<MovedAccounts[]> {
  const moved: MovedAccounts[] = []
  for (const { _id: currency, accounts, most } of found) {
    const entries = await entriesAt(connection, most)
    const entryAt = (account: string, sequence: number) =>
      entries.get(placeOf(account, sequence)) as Entry
    moved.push({
      currency,
      accounts,
      most: most.map(({ _id: account, transfers, first, last, received, sent }) => {
        const start = entryAt(account, first)
        const before = toDecimal(start.balance).minus(start.change)
        return {
          account,
          transfers,
          before: formatMoney(before, currency),
          after: money(entryAt(account, last).balance, currency),
          received: money(received, currency),
          sent: money(sent, currency),
        }
      }),
    })
  }
  return moved
}

/** A transfer as one of its accounts sees it. */
interface Entry {
  /** The account's balance after it. */
  readonly balance: Decimal128
  readonly change: Decimal
}

/** The first and last entries of accounts, by account and sequence. */
async function entriesAt(
  connection: Connection,
  accounts: readonly AccountMoves[],
): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>()
  for (const side of ['from', 'to'] as const) {
    const places = accounts.map(({ _id, first, last }) => ({
      [`${side}Account`]: _id,
      [`${side}Sequence`]: { $in: [first, last] },
    }))
    const found = await aggregate<StoredEntry>(connection, [
      { $match: { $or: places } },
      {
        $project: {
          account: `$${side}Account`,
          sequence: `$${side}Sequence`,
          balance: `$${side}Balance`,
          amount: 1,
        },
      },
    ]).toArray()
    for (const { account, sequence, balance, amount } of found) {
      const received = toDecimal(amount)
      const change = side === 'to' ? received : received.neg()
      entries.set(placeOf(account, sequence), { balance, change })
    }
  }
  return entries
}

interface StoredEntry {
  readonly account: string
  readonly sequence: number
  readonly balance: Decimal128
  readonly amount: Decimal128
}

const placeOf = (account: string, sequence: number): string => `${sequence} ${account}`
