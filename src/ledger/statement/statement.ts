import type { Connection } from 'mongoose'
import { type Keys, optionsOf } from '../../arguments.ts'
import { quote } from '../../messages.ts'
import { inCurrency, storedMoney } from '../../money/json.ts'
import { Decimal } from '../../money/money.ts'
import {
  type AccountHistory,
  type ReadAccount,
  type ReadOptions,
  accountIn,
  historyOf,
  readHistory,
} from './account-history.ts'
import type { EffectiveRange } from './dated-transfers.ts'
import { EffectiveOrder } from './effective-order.ts'
import { FIRST_DATE, LAST_DATE, isBefore, placeOf, startOf } from './place.ts'
import { type SequenceRange, entriesBetween } from './entries-between.ts'
import type { StatementEntry } from './statement-entry.ts'
import { countTransfersBefore } from './transfers-before.ts'

/** Which date of its transfers an account is looked at by. */
export interface DateChoice {
  /**
   * `postedAt`, the default: when the transfers were posted. `effectiveAt`: when they happened, which is when they
   * were posted if they have no date of their own.
   */
  readonly by?: 'postedAt' | 'effectiveAt' | undefined
}

export interface StatementRange extends DateChoice {
  /** Only entries of this moment or later, by the date that `by` chooses. */
  readonly from?: Date | undefined
  /** Only entries before this moment, by that date. */
  readonly to?: Date | undefined
}

export interface StatementOptions extends StatementRange, ReadOptions {
  /** Only entries that come before the one with this sequence. For the next page, pass the sequence of the last entry. */
  readonly before?: number | undefined
  /** The most entries to return. Default: 50. */
  readonly limit?: number | undefined
}

/**
 * Reads a page of an account's statement, newest first. In the order of posting, its cost depends on the length of
 * the page and not on how far back it is. By effective date, it also grows with the number of transfers that happened long before or
 * after they were posted.
 * @throws RangeError if an option is not valid; InputError if no entry has the sequence `before`, by effective date
 */
export async function statement(
  connection: Connection,
  accountId: string,
  options?: StatementOptions,
): Promise<StatementEntry[]> {
  const {
    before,
    limit = 50,
    session,
    ...range
  } = optionsOf(options, 'statement()', STATEMENT_KEYS)
  requirePositiveInteger('limit', limit)
  if (before !== undefined) requirePositiveInteger('before', before)
  requireRange(range)
  const account = accountIn(connection, accountId, session)
  return await readHistory(account, async () => {
    if (range.by === 'effectiveAt') {
      const order = await EffectiveOrder.of(account)
      const { from, to } = effectiveRange(range)
      const start = before === undefined ? to : await order.placeOf(before)
      return await order.page({ from, to: isBefore(start, to) ? start : to }, limit)
    }
    const history = historyOf(account)
    const sequences = await sequencesIn(range, history)
    return await entriesBetween(history, {
      after: sequences.after,
      before: Math.min(before ?? Infinity, sequences.before),
      limit,
    })
  })
}

/**
 * Reads an account's whole statement, newest first, a page at a time. Transfers that are posted after the
 * first page was read are not in it.
 * @throws RangeError if an option is not valid
 */
export async function* statementEntries(
  connection: Connection,
  accountId: string,
  options?: StatementRange & ReadOptions,
): AsyncGenerator<StatementEntry, void, undefined> {
  const { session, ...range } = optionsOf(options, 'statementEntries()', RANGE_KEYS)
  requireRange(range)
  const account = accountIn(connection, accountId, session)
  const nextPage = await readHistory(account, () =>
    range.by === 'effectiveAt'
      ? pagesByEffectiveDate(range, account)
      : pagesByPosting(range, account),
  )
  let last: StatementEntry | undefined
  for (;;) {
    const following = last
    const page = await readHistory(account, () => nextPage(following))
    yield* page
    last = page.at(-1)
    if (!last || page.length < PAGE_SIZE) return
  }
}

/** Reads the page before an entry, or the first one. */
type NextPage = (following: StatementEntry | undefined) => Promise<StatementEntry[]>

async function pagesByPosting(range: StatementRange, account: ReadAccount): Promise<NextPage> {
  const history = historyOf(account)
  const { after, before } = await sequencesIn(range, history)
  return (following) =>
    entriesBetween(history, { after, before: following?.sequence ?? before, limit: PAGE_SIZE })
}

async function pagesByEffectiveDate(
  range: StatementRange,
  account: ReadAccount,
): Promise<NextPage> {
  const order = await EffectiveOrder.of(account)
  const { from, to } = effectiveRange(range)
  return (following) =>
    order.page({ from, to: following ? placeOf(following) : to }, PAGE_SIZE, following)
}

const RANGE_KEYS: Keys<StatementRange & ReadOptions> = {
  from: true,
  to: true,
  by: true,
  session: true,
}
const STATEMENT_KEYS: Keys<StatementOptions> = { ...RANGE_KEYS, before: true, limit: true }

const PAGE_SIZE = 1_000

/**
 * The balance of an account at a moment, including transfers of that very millisecond. By `postedAt`, it is zero
 * before the account was opened. By `effectiveAt`, it starts from the opening balance, which has no date.
 * @throws RangeError if the date or an option is not valid
 */
export async function balanceAt(
  connection: Connection,
  accountId: string,
  date: Date,
  options?: DateChoice & ReadOptions,
): Promise<Decimal> {
  requireDate('date', date)
  const { by, session } = optionsOf(options, 'balanceAt()', { by: true, session: true })
  requireDateChoice(by)
  const account = accountIn(connection, accountId, session)
  return await readHistory(account, async () => {
    if (by === 'effectiveAt') {
      const order = await EffectiveOrder.of(account)
      return await order.balanceAt(order.endOf(date))
    }
    const history = historyOf(account)
    const count = await countTransfersBefore(history, new Date(date.getTime() + 1))
    const [entry] = await entriesBetween(history, { after: 0, before: count + 1, limit: 1 })
    if (count > 0 && entry) return entry.balance
    const stored = await history.accounts.findOne({ _id: accountId }, history.within)
    if (!stored) return new Decimal(0)
    return stored.createdAt <= date
      ? storedMoney(stored.openingBalance)
      : inCurrency(new Decimal(0), stored.currency)
  })
}

function requirePositiveInteger(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return
  throw new RangeError(`${name} ${quote(value)} is not a whole number of 1 or more`)
}

function requireDate(name: string, value: unknown): void {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return
  throw new RangeError(`${name} ${quote(value)} is not a valid Date`)
}

export function requireDateChoice(by: unknown): void {
  if (by === undefined || by === 'postedAt' || by === 'effectiveAt') return
  throw new RangeError(`by ${quote(by)} is not "postedAt" or "effectiveAt"`)
}

function requireRange({ from, to, by }: StatementRange): void {
  if (from !== undefined) requireDate('from', from)
  if (to !== undefined) requireDate('to', to)
  requireDateChoice(by)
}

const effectiveRange = ({ from = FIRST_DATE, to = LAST_DATE }: StatementRange): EffectiveRange => ({
  from,
  to: startOf(to),
})

/** The sequences between which an account's transfers in a range of time are. */
async function sequencesIn(range: StatementRange, history: AccountHistory): Promise<SequenceRange> {
  const { from, to } = range
  return {
    after: from ? await countTransfersBefore(history, from) : 0,
    before: to ? (await countTransfersBefore(history, to)) + 1 : Infinity,
  }
}
