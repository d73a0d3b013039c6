import { isDuplicateKey } from '../mongodb/server-errors.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { evaluateRequest, isWellFormed } from './groups.ts'
import { readHolds } from './holds/stored-holds.ts'
import { couldBeId } from './identifier.ts'
import {
  type LedgerRequest,
  type LedgerResult,
  type Reading,
  isRefused,
  transferIdsOf,
} from './ledger-request.ts'
import type { Ledger } from './ledger-state.ts'
import { groupIdsOf } from './posted-groups.ts'
import { readGroups, readTransfers } from './stored-ledger.ts'

/** An id of a group was presumed new and is not: post again without `presumeNew`. */
class PostedBeforeError extends Error {
  override readonly name = 'PostedBeforeError'
}

/** Whether an error shows that an id which was presumed new is posted already. */
export const isPostedBefore = (error: unknown): boolean =>
  isDuplicateKey(error) || error instanceof PostedBeforeError

/**
 * A request that was refused while its id was presumed new may be posted already, which takes precedence
 * over most refusals. Neither outcome moves anything, so it can be decided afterwards, whatever was posted
 * in between.
 */
export async function recognizeExisting(
  results: LedgerResult[],
  { requests, readings }: { requests: readonly LedgerRequest[]; readings: readonly Reading[] },
  { accounts, holds }: Ledger,
  transaction: Transaction,
): Promise<LedgerResult[]> {
  const doubtful = requests.filter(
    (_, index) =>
      isWellFormed(readings[index] as Reading) && isRefused(results[index] as LedgerResult),
  )
  if (doubtful.length === 0) return results
  // What a group does depends on all of its ids, so it must be evaluated with them.
  const groups = await readGroups(groupIdsOf(doubtful), transaction)
  if (groups.size > 0) throw new PostedBeforeError()
  const transfers = await readTransfers(transferIdsOf(doubtful), transaction)
  const placed = await readHolds(newHoldIdsOf(doubtful), transaction)
  const placedIds = new Set(placed.holds.map(({ _id }) => _id))
  const records = new Map(holds?.records)
  for (const hold of placed.holds) records.set(hold._id, hold)
  const ledger = { accounts, transfers, holds: holds && { ...holds, records } }
  return results.map((result, index) => {
    const [request, reading] = [requests[index] as LedgerRequest, readings[index] as Reading]
    if (!isRefused(result) || !isWellFormed(reading)) return result
    const isFound =
      'transferId' in request
        ? transfers.has(request.transferId)
        : request.kind === 'hold' && placedIds.has(request.holdId)
    if (!isFound) return result
    if ('group' in reading && reading.group !== undefined) throw new PostedBeforeError()
    return evaluateRequest(request, reading, ledger, { now: new Date() })
  })
}

/** The ids of the holds that requests place. */
const newHoldIdsOf = (requests: readonly LedgerRequest[]): string[] =>
  requests.flatMap((request) => (request.kind === 'hold' ? [request.holdId] : [])).filter(couldBeId)
