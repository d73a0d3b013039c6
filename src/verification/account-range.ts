import type { ClientSession } from 'mongoose'
import { AccountReader, type StoredAccount } from './account-reader.ts'
import type { AccountState } from './kept-state/account-state.ts'
import type { Books, Moment } from './books.ts'
import { readAgain } from './retry.ts'
import { ViolationLog } from './violations.ts'

/** Some accounts that follow each other in the order of their ids, as they were read at one moment. */
export interface AccountRange {
  readonly accounts: readonly StoredAccount[]
  /** Selects the ids of the accounts, and every id between them that no account has. */
  readonly ids: object
  /** The last of these ids; undefined if the range has no upper end. */
  readonly upTo: string | undefined
  /** The kept states of the accounts, by id, if the proof uses any. */
  readonly kept: ReadonlyMap<string, AccountState>
  /** What is wrong with the accounts by themselves. */
  readonly log: ViolationLog
  /** The transfers of the accounts must be read after this moment. */
  readonly moment: Moment
}

/** How many accounts are read at once. */
const ACCOUNTS_AT_ONCE = 250

/** About how many transfers a range has at most, if it has more than one account. */
const TRANSFERS_PER_RANGE = 20_000

/**
 * Reads all accounts in the order of their ids, in ranges that together cover every text, or every one that comes after
 * `after`.
 */
export async function* accountRanges(
  books: Books,
  { limit, after: start }: { limit: number; after?: string | undefined },
): AsyncGenerator<AccountRange, void, undefined> {
  let after = start
  for (;;) {
    const page = await readPage(books, { after, limit })
    for (const [index, range] of page.ranges.entries()) {
      const isLast = page.isLast && index === page.ranges.length - 1
      const upTo = isLast ? undefined : range.accounts.at(-1)?.id
      yield { ...range, ids: textsBetween(after, upTo), upTo, kept: new Map() }
      after = upTo
    }
    if (page.isLast) return
  }
}

/** Reads one account, which may not exist. */
export const rangeOfAccount = (
  books: Books,
  { accountId, limit }: { accountId: string; limit: number },
): Promise<AccountRange> =>
  books.inSession([], async (session) => {
    const [range] = await readAccounts(books, { filter: { _id: accountId }, limit }, session)
    return { ...(range as PartialRange), ids: { $eq: accountId }, upTo: accountId, kept: new Map() }
  })

/** Checks the accounts whose ids are not texts. They are in no range, because no transfer can belong to them. */
export const oddAccounts = (books: Books, { limit }: { limit: number }): Promise<ViolationLog> =>
  books.inSession([], async (session) => {
    const log = new ViolationLog(limit)
    const reader = new AccountReader(books.ownFields.account)
    await books.each('accounts', { filter: { _id: NOT_A_TEXT } }, session, (bytes) => {
      reader.read(bytes)
      reader.check(log)
    })
    return log
  })

/** Selects values that are not texts, missing ones included. An index serves it, unlike `$type`. */
export const NOT_A_TEXT = { $not: { $gte: '' } } as object

type PartialRange = Pick<AccountRange, 'accounts' | 'log' | 'moment'>

const readPage = (
  books: Books,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<{ ranges: PartialRange[]; isLast: boolean }> =>
  readAgain(() =>
    books.inSession([], async (session) => {
      const filter = { _id: textsBetween(after, undefined) }
      const ranges = await readAccounts(books, { filter, limit }, session)
      const count = ranges.reduce((sum, { accounts }) => sum + accounts.length, 0)
      return { ranges, isLast: count < ACCOUNTS_AT_ONCE }
    }),
  )

/** Reads some accounts. Returns at least one range, which may be empty. */
async function readAccounts(
  books: Books,
  { filter, limit }: { filter: object; limit: number },
  session: ClientSession,
): Promise<PartialRange[]> {
  const reader = new AccountReader(books.ownFields.account)
  const parts: { accounts: StoredAccount[]; log: ViolationLog }[] = []
  const start = () => {
    const part = { accounts: [], log: new ViolationLog(limit) }
    parts.push(part)
    return part as (typeof parts)[number]
  }
  let part = start()
  let transfers = 0
  const reading = { filter, sort: { _id: 1 }, limit: ACCOUNTS_AT_ONCE } as const
  await books.each('accounts', reading, session, (bytes) => {
    reader.read(bytes)
    const account = reader.account()
    transfers += account.transferCount ?? 0
    if (part.accounts.length > 0 && transfers > TRANSFERS_PER_RANGE) {
      part = start()
      transfers = account.transferCount ?? 0
    }
    part.accounts.push(account)
    reader.check(part.log)
  })
  const { clusterTime, operationTime } = session
  return parts.map((each) => ({ ...each, moment: { clusterTime, operationTime } }) as PartialRange)
}

/** Selects texts after one and up to another. */
const textsBetween = (after: string | undefined, upTo: string | undefined): object =>
  after === undefined && upTo === undefined
    ? { $type: 'string' }
    : { ...(after !== undefined && { $gt: after }), ...(upTo !== undefined && { $lte: upTo }) }
