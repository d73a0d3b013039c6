import mongoose, { type Connection } from 'mongoose'
import { collectionsOf } from '../../definition.ts'
import type { RefusalRecord } from '../../models/batch.ts'
import { BatchConflictError } from '../errors.ts'
import { isOneGroup } from '../posting/row-groups.ts'
import type { Row } from '../reading/row.ts'
import { recordPlace } from '../record-place.ts'

/** A row of a batch's file that was refused, with its refusals as they are stored: one for each refused transfer of it. */
export interface RefusedRow extends Row {
  readonly refusals: readonly RefusalRecord[]
}

/** Which of the transfers of a record a refusal is of, from 1. */
export const partOf = ({ _id: { part = 1 } }: RefusalRecord): number => part

/**
 * The rows of a batch's file that have stored refusals, from those after a position. The rows and the refusals have the
 * same order, so both are read along with each other.
 * @throws BatchConflictError if a refusal belongs to no row
 */
export async function* refusedRows(
  rows: AsyncGenerator<readonly Row[]>,
  connection: Connection,
  { batch, after }: { batch: string; after: number },
): AsyncGenerator<RefusedRow[]> {
  const stored = storedRefusals(connection, batch)
  let next = await stored.next()
  /** The rows of the group that is being read, or the latest row. */
  let group: RefusedRow[] = []
  for await (const block of rows) {
    const refused: RefusedRow[] = []
    for (const row of block) {
      const refusals: RefusalRecord[] = []
      while (!next.done && compareToRow(next.value, row) <= 0) {
        if (!isRefusalOf(next.value, row)) refuseWithoutRow(next.value)
        refusals.push(next.value)
        next = await stored.next()
      }
      if (row.skipped !== undefined && refusals.length === 0) continue
      const last = group.at(-1)
      if (last && !isOneGroup(last, row)) {
        refused.push(...refusedOf(group, after))
        group = []
      }
      group.push({ ...row, refusals })
      if (next.done && group.every((each) => each.refusals.length === 0)) break
    }
    yield refused
    if (next.done && group.every(({ refusals }) => refusals.length === 0)) return
  }
  yield refusedOf(group, after)
  if (!next.done) refuseWithoutRow(next.value)
}

/** The rows of a group that are refused, from those after a position. */
const refusedOf = (rows: readonly RefusedRow[], after: number): RefusedRow[] =>
  rows.filter(({ refusals, position }) => refusals.length > 0 && position > after)

/** How the place of a refusal compares with that of a row. */
const compareToRow = ({ _id: { line, item = 1 } }: RefusalRecord, row: Row): number =>
  line - row.line || item - row.item

const isRefusalOf = (refusal: RefusalRecord, row: Row): boolean =>
  compareToRow(refusal, row) === 0 && partOf(refusal) <= 1 + (row.moreRequests?.length ?? 0)

function refuseWithoutRow({ _id: { batch, ...place } }: RefusalRecord): never {
  const problem = `has a refusal of ${recordPlace(place)}, but no such record can be read from the file: restore the refusals of the batch as they were`
  throw new BatchConflictError(batch, problem)
}

/** How many refusals are read at once. A cursor over all of them would end if the server went away for a moment. */
const PAGE_SIZE = 1_000

/** The stored refusals of a batch, in the order of the file. */
async function* storedRefusals(
  connection: Connection,
  batch: string,
): AsyncGenerator<RefusalRecord, void, undefined> {
  const collection = connection.collection<RefusalRecord>(collectionsOf(connection).refusals)
  const before = { batch, line: new mongoose.mongo.MaxKey() }
  let after: object = { batch }
  for (;;) {
    const filter = { _id: { $gt: after, $lt: before } } as object
    const page = await collection.find(filter).sort({ _id: 1 }).limit(PAGE_SIZE).toArray()
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE_SIZE) return
    after = last._id
  }
}
