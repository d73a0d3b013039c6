import type { AccountRange } from './account-range.ts'
import type { Books, Moment } from './books.ts'
import type { UsableIndexes } from './collections.ts'
import type { DocumentStream } from './document-stream.ts'
import { type EntrySource, NO_ENTRIES } from './entry-queue.ts'

/** The transfers of a range of accounts, twice: as their senders' and as their receivers'. */
export interface RangeEntries {
  readonly sent: EntrySource
  readonly received: EntrySource
  /** A session that goes on while the entries are read, or the moment of the accounts if there are none. */
  readonly moment: Moment
}

const KEYS = {
  sent: { fromAccount: 1, fromSequence: 1 },
  received: { toAccount: 1, toSequence: 1 },
} as const

/**
 * Reads the transfers of a range in the order of their sequences: those that its accounts sent in one index, and those that
 * they received in another. With `isSince`, only those that come after the kept states of the accounts.
 */
export async function withEntries<Result>(
  range: AccountRange,
  { books, indexes, isSince }: { books: Books; indexes: UsableIndexes; isSince: boolean },
  work: (entries: RangeEntries) => Promise<Result>,
): Promise<Result> {
  const filters = {
    sent: isSince ? newEntries(range, 'from') : { fromAccount: range.ids },
    received: isSince ? newEntries(range, 'to') : { toAccount: range.ids },
  }
  const { moment } = range
  if (!filters.sent || !filters.received) {
    return await work({ sent: NO_ENTRIES, received: NO_ENTRIES, moment })
  }
  return await books.inSession([moment], (sentSession) =>
    books.inSession([moment], async (receivedSession) => {
      const [sent, received] = (['sent', 'received'] as const).map((side) =>
        books.stream(
          'transfers',
          {
            filter: filters[side] as object,
            sort: KEYS[side],
            hint: indexes[side] ? KEYS[side] : undefined,
          },
          side === 'sent' ? sentSession : receivedSession,
        ),
      ) as [DocumentStream, DocumentStream]
      try {
        return await work({ sent, received, moment: sentSession })
      } finally {
        await Promise.all([sent.close(), received.close()])
      }
    }),
  )
}

/**
 * Selects the entries of a range that come after the kept states of its accounts, on one side. Undefined if no account
 * has any.
 */
function newEntries(range: AccountRange, side: 'from' | 'to'): object | undefined {
  const accounts: object[] = []
  for (const { id, transferCount } of range.accounts) {
    const kept = range.kept.get(id)?.transfers ?? 0
    if (transferCount === kept) continue
    const after = kept > 0 && { [`${side}Sequence`]: { $gt: kept } }
    accounts.push({ [`${side}Account`]: id, ...after })
  }
  return accounts.length > 0 ? { $or: accounts } : undefined
}
