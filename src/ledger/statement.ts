import type { Connection, mongo } from 'mongoose'
import { type Keys, optionsOf } from '../arguments.ts'
import { quote } from '../messages.ts'
import { Decimal, toDecimal } from '../money/money.ts'
import { databaseOf } from '../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../mongodb/outcome.ts'
import { repeatUntilAnswered } from '../mongodb/repeated-operation.ts'
import type { AccountRecord, TransferRecord } from './records.ts'
import { countTransfersBefore } from './transfers-before.ts'

export interface StatementEntry {
  /** The number of the transfer among all of the account's, from 1. */
  readonly sequence: number
  readonly postedAt: Date
  readonly transferId: string
  /** The id of the other account. */
  readonly counterparty: string
  /** Positive if the account received it, negative if it sent it. */
  readonly amount: Decimal
  /** The account's balance after the transfer. */
  readonly balance: Decimal
  readonly reference?: string
  /** The id of the transfer that this one reverses. */
  readonly reverses?: string
}

export interface StatementRange {
  /** Only entries posted at this moment or later. */
  readonly from?: Date | undefined
  /** Only entries posted before this moment. */
  readonly to?: Date | undefined
}

export interface StatementOptions extends StatementRange {
  /** Only entries with a lower sequence than this. For the next page, pass the sequence of the last entry. */
  readonly before?: number | undefined
  /** The most entries to return. Default: 50. */
  readonly limit?: number | undefined
}

/**
 * Reads a page of an account's statement, newest first. It merges two index ranges by sequence, one of sent
 * and one of received transfers, so its cost depends on the length of the page and not on how far back it is.
 * @throws RangeError if an option is not valid
 */
export async function statement(
  connection: Connection,
  accountId: string,
  options?: StatementOptions,
): Promise<StatementEntry[]> {
  const {
    before,
    limit = 50,
    from,
    to,
  } = optionsOf(options, 'statement()', {
    ...RANGE_KEYS,
    before: true,
    limit: true,
  })
  requirePositiveInteger('limit', limit)
  if (before !== undefined) requirePositiveInteger('before', before)
  requireRange({ from, to })
  return await readStatement(connection, accountId, async (database) => {
    const range = await sequencesIn({ from, to }, database, accountId)
    return await entriesBetween(database, accountId, {
      after: range.after,
      before: Math.min(before ?? Infinity, range.before),
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
  range?: StatementRange,
): AsyncGenerator<StatementEntry, void, undefined> {
  const dates = optionsOf(range, 'statementEntries()', RANGE_KEYS)
  requireRange(dates)
  const read = <Result>(work: (database: mongo.Db) => Promise<Result>) =>
    readStatement(connection, accountId, work)
  let { after, before } = await read((database) => sequencesIn(dates, database, accountId))
  for (;;) {
    const between = { after, before, limit: PAGE_SIZE }
    const page = await read((database) => entriesBetween(database, accountId, between))
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE_SIZE) return
    before = last.sequence
  }
}

const RANGE_KEYS: Keys<StatementRange> = { from: true, to: true }

const PAGE_SIZE = 1_000

function requirePositiveInteger(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return
  throw new RangeError(`${name} ${quote(value)} is not a whole number of 1 or more`)
}

/**
 * Reads again until the database answers, for a minute at most.
 * @throws OutcomeError if it does not, DatabaseError if the user may not read
 */
const readStatement = <Result>(
  connection: Connection,
  accountId: string,
  read: (database: mongo.Db) => Promise<Result>,
): Promise<Result> =>
  reportAbout(
    { what: 'the statement of account', id: accountId },
    repeatUntilAnswered('read', async () => await read(databaseOf(connection))).catch(
      explainFailure(connection),
    ),
  )

function requireRange({ from, to }: StatementRange): void {
  if (from !== undefined) requireDate('from', from)
  if (to !== undefined) requireDate('to', to)
}

/** The sequences between which an account's transfers in a range of time are. */
async function sequencesIn(
  { from, to }: StatementRange,
  database: mongo.Db,
  accountId: string,
): Promise<{ after: number; before: number }> {
  return {
    after: from ? await countTransfersBefore(database, accountId, from) : 0,
    before: to ? (await countTransfersBefore(database, accountId, to)) + 1 : Infinity,
  }
}

function requireDate(name: string, value: unknown): void {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return
  throw new RangeError(`${name} ${quote(value)} is not a valid Date`)
}

/**
 * The balance of an account at a moment, including transfers posted in that very millisecond. Zero before the
 * account was opened.
 * @throws RangeError if the date is not valid
 */
export async function balanceAt(
  connection: Connection,
  accountId: string,
  date: Date,
): Promise<Decimal> {
  requireDate('date', date)
  return await readStatement(connection, accountId, (database) =>
    readBalanceAt(database, accountId, date),
  )
}

async function readBalanceAt(database: mongo.Db, accountId: string, date: Date): Promise<Decimal> {
  const count = await countTransfersBefore(database, accountId, new Date(date.getTime() + 1))
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
  return [...sent.map(sentEntry), ...received.map(receivedEntry)]
    .toSorted((one, other) => other.sequence - one.sequence)
    .slice(0, limit)
}

const sentEntry = (transfer: TransferRecord): StatementEntry => ({
  ...commonFields(transfer),
  sequence: transfer.fromSequence,
  counterparty: transfer.toAccount,
  amount: toDecimal(transfer.amount).neg(),
  balance: toDecimal(transfer.fromBalance),
})

const receivedEntry = (transfer: TransferRecord): StatementEntry => ({
  ...commonFields(transfer),
  sequence: transfer.toSequence,
  counterparty: transfer.fromAccount,
  amount: toDecimal(transfer.amount),
  balance: toDecimal(transfer.toBalance),
})

const commonFields = ({ _id: transferId, postedAt, reference, reverses }: TransferRecord) => ({
  transferId,
  postedAt,
  ...(reference !== undefined && { reference }),
  ...(reverses !== undefined && { reverses }),
})
