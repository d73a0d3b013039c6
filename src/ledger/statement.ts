import type { mongo } from 'mongoose'
import { quote } from '../messages.ts'
import { Decimal, toDecimal } from '../money/money.ts'
import type { AccountRecord, TransferRecord } from './records.ts'

/** One line of an account's statement. */
export interface StatementEntry {
  /** The account's running number of the transfer, from 1. */
  readonly sequence: number
  readonly postedAt: Date
  readonly transferId: string
  readonly counterparty: string
  /** What came in, or minus what went out. */
  readonly amount: Decimal
  /** The balance after it. */
  readonly balance: Decimal
  readonly reference?: string
  /** The transfer that this one takes back. */
  readonly reverses?: string
}

export interface StatementRange {
  /** Only entries posted at this moment or later. */
  readonly from?: Date | undefined
  /** Only entries posted before this moment. */
  readonly to?: Date | undefined
}

export interface StatementOptions extends StatementRange {
  /** Only entries with a lower sequence: the last one's of the page before. */
  readonly before?: number | undefined
  /** How many entries at most: 50 unless given. */
  readonly limit?: number | undefined
}

/**
 * A page of an account's statement, newest first. Two index ranges, of what it sent and of what it
 * received, merged by sequence: the cost depends on the page's length, not on its depth.
 */
export async function statement(
  database: mongo.Db,
  accountId: string,
  { before, limit = 50, from, to }: StatementOptions = {},
): Promise<StatementEntry[]> {
  requireWhole('limit', limit)
  if (before !== undefined) requireWhole('before', before)
  requireRange({ from, to })
  const after = from ? await countBefore(database, accountId, from) : 0
  const until = to ? (await countBefore(database, accountId, to)) + 1 : Infinity
  return await entriesBetween(database, accountId, {
    after,
    before: Math.min(before ?? Infinity, until),
    limit,
  })
}

/** An account's whole statement, newest first, read a page at a time. What is posted meanwhile is not in it. */
export async function* statementEntries(
  database: mongo.Db,
  accountId: string,
  { from, to }: StatementRange = {},
): AsyncGenerator<StatementEntry, void, undefined> {
  requireRange({ from, to })
  const after = from ? await countBefore(database, accountId, from) : 0
  let before = to ? (await countBefore(database, accountId, to)) + 1 : Infinity
  for (;;) {
    const page = await entriesBetween(database, accountId, { after, before, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    before = last.sequence
  }
}

const PAGE = 1_000

function requireWhole(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return
  throw new RangeError(`${name} ${quote(value)} is not a whole number from 1`)
}

function requireRange(range: StatementRange): void {
  for (const [name, date] of Object.entries(range)) {
    if (date !== undefined) requireDate(name, date)
  }
}

function requireDate(name: string, value: unknown): void {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return
  throw new RangeError(`${name} ${quote(value)} is not a valid Date`)
}

/** The balance that an account had at a moment: zero before it was opened. */
export async function balanceAt(
  database: mongo.Db,
  accountId: string,
  date: Date,
): Promise<Decimal> {
  requireDate('date', date)
  const count = await countBefore(database, accountId, new Date(date.getTime() + 1))
  const [entry] = await entriesBetween(database, accountId, {
    after: 0,
    before: count + 1,
    limit: 1,
  })
  if (count > 0 && entry) return entry.balance
  const account = await database
    .collection<AccountRecord>('accounts')
    .findOne({ _id: accountId, createdAt: { $lte: date } })
  return account ? toDecimal(account.openingBalance) : new Decimal(0)
}

async function entriesBetween(
  database: mongo.Db,
  accountId: string,
  { after, before, limit }: { after: number; before: number; limit: number },
): Promise<StatementEntry[]> {
  const transfers = database.collection<TransferRecord>('transfers')
  const range = { $gt: after, $lt: before }
  const [sent, received] = await Promise.all([
    transfers
      .find({ fromAccount: accountId, fromSequence: range })
      .sort({ fromSequence: -1 })
      .limit(limit)
      .toArray(),
    transfers
      .find({ toAccount: accountId, toSequence: range })
      .sort({ toSequence: -1 })
      .limit(limit)
      .toArray(),
  ])
  return [...sent.map(outgoing), ...received.map(incoming)]
    .toSorted((one, other) => other.sequence - one.sequence)
    .slice(0, limit)
}

/** Among how many sequences each round of {@link countBefore} looks at once: four rounds for a million. */
const PROBES = 32

/**
 * How many of an account's transfers were posted before a moment. Their times never go back along the
 * sequences, so a search over the index by sequence finds it in a few rounds. An index by time would
 * make it one, and every posting a fifth slower.
 */
async function countBefore(database: mongo.Db, accountId: string, date: Date): Promise<number> {
  const account = await database
    .collection<AccountRecord>('accounts')
    .findOne({ _id: accountId }, { projection: { transferCount: 1 } })
  let count = 0
  let most = account?.transferCount ?? 0
  while (count < most) {
    const step = Math.ceil((most - count) / PROBES)
    const sequences = Array.from({ length: Math.ceil((most - count) / step) }, (_, index) =>
      Math.min(count + (index + 1) * step, most),
    )
    const times = await timesOf(database, accountId, sequences)
    const later = sequences.find((sequence) => !((times.get(sequence) ?? date) < date))
    count = sequences.findLast((sequence) => sequence < (later ?? Infinity)) ?? count
    most = later === undefined ? count : later - 1
  }
  return count
}

async function timesOf(
  database: mongo.Db,
  accountId: string,
  sequences: readonly number[],
): Promise<Map<number, Date>> {
  const transfers = database.collection<TransferRecord>('transfers')
  const [sent, received] = await Promise.all([
    transfers
      .find({ fromAccount: accountId, fromSequence: { $in: sequences } })
      .project<TransferRecord>({ fromSequence: 1, postedAt: 1 })
      .toArray(),
    transfers
      .find({ toAccount: accountId, toSequence: { $in: sequences } })
      .project<TransferRecord>({ toSequence: 1, postedAt: 1 })
      .toArray(),
  ])
  return new Map([
    ...sent.map((transfer) => [transfer.fromSequence, transfer.postedAt] as const),
    ...received.map((transfer) => [transfer.toSequence, transfer.postedAt] as const),
  ])
}

const outgoing = (transfer: TransferRecord): StatementEntry => ({
  ...common(transfer),
  sequence: transfer.fromSequence,
  counterparty: transfer.toAccount,
  amount: toDecimal(transfer.amount).neg(),
  balance: toDecimal(transfer.fromBalance),
})

const incoming = (transfer: TransferRecord): StatementEntry => ({
  ...common(transfer),
  sequence: transfer.toSequence,
  counterparty: transfer.fromAccount,
  amount: toDecimal(transfer.amount),
  balance: toDecimal(transfer.toBalance),
})

const common = ({ _id: transferId, postedAt, reference, reverses }: TransferRecord) => ({
  transferId,
  postedAt,
  ...(reference !== undefined && { reference }),
  ...(reverses !== undefined && { reverses }),
})
