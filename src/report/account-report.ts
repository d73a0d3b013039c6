import type { Connection } from 'mongoose'
import { AccountNotFoundError } from '../errors.ts'
import type { AccountRecord, HoldRecord } from '../ledger/records.ts'
import type { PeriodBalance } from '../ledger/statement/balances.ts'
import type { PeriodLength } from '../ledger/statement/periods.ts'
import type { StatementEntry } from '../ledger/statement/statement-entry.ts'
import { accountModel } from '../models/account.ts'
import type { AccountDocument } from '../models/account-interface.ts'
import { holdModel } from '../models/hold.ts'
import type { Decimal128 } from '../money/money.ts'
import type { PlainRecord } from '../money/plain-records.ts'
import { LIMITS } from './limits.ts'
import { aggregate, money } from './periods.ts'

/** What is known of one account. */
export interface AccountReport {
  readonly kind: 'account'
  readonly database: string
  readonly madeAt: Date
  /** As `daybook account show --json` prints it. */
  readonly account: PlainRecord<AccountRecord>
  /** Its balance after some of its transfers, evenly chosen, always with the first and the last. */
  readonly curve: readonly BalancePoint[]
  /** What it had, received and sent in each period, by effective date, as `daybook balances --by effectiveAt --json` prints it. */
  readonly every: PeriodLength
  readonly periods: readonly PeriodBalance[]
  /** The latest entries of its statement, newest first, as `daybook statement --json` prints them. */
  readonly entries: readonly StatementEntry[]
  /** How many holds of its money are active, and the latest of them, as `daybook holds --account ID --json` prints them. */
  readonly holdCount: number
  readonly holds: readonly PlainRecord<HoldRecord>[]
}

/** The balance after a transfer. */
export interface BalancePoint {
  readonly sequence: number
  readonly postedAt: Date
  readonly balance: string
}

/** @throws AccountNotFoundError */
export async function accountReport(
  connection: Connection,
  accountId: string,
): Promise<AccountReport> {
  const account = await accountModel(connection).findById(accountId)
  if (!account) throw new AccountNotFoundError({ accountId })
  const active = { fromAccount: accountId, status: 'active' } as const
  const holds = await holdModel(connection).find(active).sort({ createdAt: -1 }).limit(LIMITS.holds)
  return {
    kind: 'account',
    database: connection.name,
    madeAt: new Date(),
    account: account.toJSON(),
    curve: await balanceCurve(connection, account),
    ...(await periodsOf(account)),
    entries: await account.statement({ limit: LIMITS.entries }),
    holdCount: await holdModel(connection).countDocuments(active),
    holds: holds.map((hold) => hold.toJSON()),
  }
}

/** The stored balances after evenly chosen transfers, found by their sequences. */
async function balanceCurve(
  connection: Connection,
  { _id: accountId, transferCount, currency }: AccountDocument,
): Promise<BalancePoint[]> {
  const sequences = chosenOf(transferCount, LIMITS.points)
  const points: BalancePoint[] = []
  for (const side of ['from', 'to'] as const) {
    const found = await aggregate<StoredPoint>(connection, [
      { $match: { [`${side}Account`]: accountId, [`${side}Sequence`]: { $in: sequences } } },
      { $project: { sequence: `$${side}Sequence`, balance: `$${side}Balance`, postedAt: 1 } },
    ]).toArray()
    for (const { sequence, postedAt, balance } of found) {
      points.push({ sequence, postedAt, balance: money(balance, currency) })
    }
  }
  return points.toSorted((one, other) => one.sequence - other.sequence)
}

interface StoredPoint {
  readonly sequence: number
  readonly postedAt: Date
  readonly balance: Decimal128
}

/** At most `most` of the numbers 1 … `count`, evenly chosen, with the first and the last. */
const chosenOf = (count: number, most: number): number[] =>
  count <= most
    ? Array.from({ length: count }, (_, index) => index + 1)
    : Array.from({ length: most }, (_, index) => 1 + Math.round((index * (count - 1)) / (most - 1)))

/** Its balances in the shortest periods of which there are few. */
async function periodsOf(
  account: AccountDocument,
): Promise<Pick<AccountReport, 'every' | 'periods'>> {
  const by = 'effectiveAt' as const
  const years = await account.balances({ every: 'year', by })
  const busy = busyOf(years)
  const [first, last] = [busy.at(0), busy.at(-1)]
  if (!first || !last || busy.length * 12 > LIMITS.periods) {
    return { every: 'year', periods: busy.slice(-LIMITS.periods) }
  }
  const months = busyOf(
    await account.balances({ every: 'month', by, from: first.from, to: last.to }),
  )
  const [start, end] = [months.at(0), months.at(-1)]
  if (!start || !end || months.length * 31 > LIMITS.periods) {
    return { every: 'month', periods: months }
  }
  const days = await account.balances({ every: 'day', by, from: start.from, to: end.to })
  return { every: 'day', periods: busyOf(days) }
}

/** Without the periods before the first transfer and after the last one. */
function busyOf(periods: readonly PeriodBalance[]): readonly PeriodBalance[] {
  const first = periods.findIndex(isBusy)
  return first === -1 ? [] : periods.slice(first, periods.findLastIndex(isBusy) + 1)
}

const isBusy = ({ count }: PeriodBalance): boolean => count > 0
