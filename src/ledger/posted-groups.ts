import type { LedgerRequest } from './ledger-request.ts'
import type { TransferGroupRecord, TransferRecord } from './records.ts'

/** The legs of groups that are posted, by their numbers, for each group's id. */
export type PostedGroups = Map<string, Map<number, TransferRecord>>

/** The ids of the groups that requests are legs of. */
export function groupIdsOf(requests: readonly LedgerRequest[]): string[] {
  const ids = new Set<string>()
  for (const request of requests) {
    if (request.kind === undefined && request.group !== undefined) ids.add(request.group)
  }
  return [...ids]
}

/** The records of the groups whose first legs are among transfers that are posted now. */
export const groupRecordsOf = (transfers: readonly TransferRecord[]): TransferGroupRecord[] =>
  transfers.flatMap(({ group, leg, legs, postedAt }) =>
    group !== undefined && legs !== undefined && leg === 1 ? [{ _id: group, legs, postedAt }] : [],
  )

export function addToGroups(groups: PostedGroups, transfers: Iterable<TransferRecord>): void {
  for (const transfer of transfers) {
    const { group, leg } = transfer
    if (group === undefined || leg === undefined) continue
    const legs = groups.get(group)
    if (legs) legs.set(leg, transfer)
    else groups.set(group, new Map([[leg, transfer]]))
  }
}
