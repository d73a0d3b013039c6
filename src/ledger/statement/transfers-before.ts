import type { TransferRecord } from '../records.ts'
import { type AccountHistory, readEach } from './account-history.ts'
import { SIDES } from './statement-entry.ts'

/** How many sequences each round of the search reads. A million transfers take four rounds. */
const SEQUENCES_PER_ROUND = 32

/** Counts the transfers of an account that were posted before a moment. */
export async function countTransfersBefore(history: AccountHistory, date: Date): Promise<number> {
  const filter = { _id: history.accountId }
  const options = { ...history.within, projection: { transferCount: 1 } }
  const account = await history.accounts.findOne(filter, options)
  return await searchTransfersBefore(history, {
    date,
    atLeast: 0,
    atMost: account?.transferCount ?? 0,
  })
}

/**
 * {@link countTransfersBefore}, if the result is known to lie between two numbers; a number out of them is the
 * nearest of the two.
 *
 * `postedAt` never decreases along an account's sequences, so a search in the index by sequence takes a few
 * rounds. With an index by time it would take one, but every posting would be a fifth slower.
 */
export async function searchTransfersBefore(
  history: AccountHistory,
  { date, atLeast, atMost }: { date: Date; atLeast: number; atMost: number },
): Promise<number> {
  let [count, upperBound] = [atLeast, atMost]
  while (count < upperBound) {
    const step = Math.ceil((upperBound - count) / SEQUENCES_PER_ROUND)
    const start = count
    const end = upperBound
    const sequences = Array.from({ length: Math.ceil((end - start) / step) }, (_, index) =>
      Math.min(start + (index + 1) * step, end),
    )
    const times = await readPostedAt(history, sequences)
    const firstLater = sequences.find((sequence) => !((times.get(sequence) ?? date) < date))
    count = sequences.findLast((sequence) => sequence < (firstLater ?? Infinity)) ?? count
    upperBound = firstLater === undefined ? count : firstLater - 1
  }
  return count
}

async function readPostedAt(
  history: AccountHistory,
  sequences: readonly number[],
): Promise<Map<number, Date>> {
  const { accountId, transfers, within } = history
  const times = await readEach(history, SIDES, async ({ account, sequence }) => {
    const found = await transfers
      .find({ [account]: accountId, [sequence]: { $in: sequences } }, within)
      .project<TransferRecord>({ [sequence]: 1, postedAt: 1 })
      .toArray()
    return found.map((transfer) => [transfer[sequence], transfer.postedAt] as const)
  })
  return new Map(times.flat())
}
