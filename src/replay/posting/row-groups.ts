import { isGrouped } from '../../ledger/groups.ts'
import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import type { Row } from '../reading/row.ts'
import { recordPlace } from '../record-place.ts'

const lastRequest = ({ request, moreRequests }: Row): LedgerRequest | undefined =>
  moreRequests?.at(-1) ?? request

/** The group that a request is in. Only transfers are in one. */
export const groupOf = (request: LedgerRequest | undefined): string | undefined =>
  request?.kind === undefined ? request?.group : undefined

/** Whether two rows belong to one group, so that they must be posted in one transaction. */
export const isOneGroup = (one: Row, next: Row): boolean =>
  isGrouped(lastRequest(one), next.request)

/** The first index from `index` on at which rows can be split. Skipped rows within a group belong to it. */
export function nextSplit(rows: readonly Row[], index: number): number {
  let end = Math.min(index, rows.length)
  let last = lastAsking(rows, end)
  if (!last || groupOf(lastRequest(last)) === undefined) return end
  for (let next = end; next < rows.length; next++) {
    const row = rows[next] as Row
    if (row.skipped !== undefined) continue
    if (!isOneGroup(last, row)) break
    last = row
    end = next + 1
  }
  return end
}

/** The last index up to `index` at which rows can be split. */
export function previousSplit(rows: readonly Row[], index: number): number {
  let start = index
  let first = rows[index]
  for (
    let before = index - 1;
    before >= 0 && first && groupOf(first.request) !== undefined;
    before--
  ) {
    const row = rows[before] as Row
    if (row.skipped !== undefined) continue
    if (!isOneGroup(row, first)) break
    first = row
    start = before
  }
  return start
}

/** The last row before an index that is not skipped. */
function lastAsking(rows: readonly Row[], index: number): Row | undefined {
  let before = index - 1
  while (rows[before]?.skipped !== undefined) before--
  return rows[before]
}

/**
 * Marks where groups start, and each group that stands next to a record that cannot be read, so that it is refused: the record may be one of its
 * own.
 */
export async function* markBrokenGroups(blocks: AsyncIterable<Row[]>): AsyncGenerator<Row[]> {
  let previous: Row | undefined
  /** The last row that is not skipped. */
  let asking: Row | undefined
  /** A row is held back until it is known what comes after it. */
  let held: Row | undefined
  for await (const block of blocks) {
    const marked: Row[] = []
    for (const row of block) {
      const { request } = row
      if (request && groupOf(request) !== undefined && !(asking && isOneGroup(asking, row))) {
        Object.assign(request, { startsGroup: true })
      }
      if (row.skipped === undefined) asking = row
      if (held) marked.push(row.problem === undefined ? held : markedBeside(held, row, 'last'))
      held = previous?.problem === undefined ? row : markedBeside(row, previous, 'first')
      previous = row
    }
    yield marked
  }
  if (held) yield [held]
}

/** A row whose first or last request says that a record beside it cannot be read, if it is in a group. */
function markedBeside(row: Row, beside: Row, which: 'first' | 'last'): Row {
  const { request, moreRequests = [] } = row
  if (!request) return row
  const marked = (leg: LedgerRequest) => ({
    ...(leg as IdentifiedRequest),
    refusedBeside: recordPlace(beside),
  })
  if (which === 'first' || moreRequests.length === 0) {
    return groupOf(request) === undefined ? row : { ...row, request: marked(request) }
  }
  const last = moreRequests.at(-1) as LedgerRequest
  if (groupOf(last) === undefined) return row
  return { ...row, moreRequests: [...moreRequests.slice(0, -1), marked(last)] }
}
