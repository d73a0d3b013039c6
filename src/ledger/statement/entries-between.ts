import { type AccountHistory, readEach } from './account-history.ts'
import { SIDES, type StatementEntry } from './statement-entry.ts'

/** A range of an account's sequences, both ends exclusive. */
export interface SequenceRange {
  readonly after: number
  readonly before: number
}

/**
 * The newest entries of an account in a range of its sequences, newest first. It merges two index ranges by
 * sequence, one of sent and one of received transfers.
 */
export async function entriesBetween(
  history: AccountHistory,
  { after, before, limit, filter }: SequenceRange & { limit: number; filter?: object },
): Promise<StatementEntry[]> {
  const { accountId, transfers, within } = history
  const entries = await readEach(history, SIDES, async ({ account, sequence, entryOf }) => {
    const sequences = { $gt: after, $lt: before }
    const found = await transfers
      .find({ [account]: accountId, [sequence]: sequences, ...filter }, within)
      .sort({ [sequence]: -1 })
      .limit(limit)
      .toArray()
    return found.map((transfer) => entryOf(transfer, history.ownFields))
  })
  return entries
    .flat()
    .toSorted((one, other) => other.sequence - one.sequence)
    .slice(0, limit)
}
