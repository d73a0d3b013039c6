import type { Connection } from 'mongoose'
import { optionsOf, requireConnection } from '../arguments.ts'
import { collectionsOf } from '../definition.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import type { HoldRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { itemsOf } from './blocks.ts'
import { type TransferFilter, allTransfers, transfersOf } from './stored-transfers.ts'
import { type ExportedTransfer, exported } from './exported-transfer.ts'
import type { UndecodedTransfer } from './undecoded-transfer.ts'

/** Which transfers to export. Default: all. */
export interface ExportRange {
  /** Only transfers that this account sent or received. */
  readonly account?: string | undefined
  /** Only transfers of this moment or later. */
  readonly from?: Date | undefined
  /** Only transfers before this moment. */
  readonly to?: Date | undefined
  /** The date that `from` and `to` mean. A transfer without an effective date has that of its posting. Default: `postedAt`. */
  readonly by?: 'postedAt' | 'effectiveAt' | undefined
}

export const RANGE_KEYS = { account: true, from: true, to: true, by: true } as const

/** Does the work of `exportTransfers()`, which index.ts documents. */
export const exportTransfers = (
  connection: Connection,
  range?: ExportRange,
): AsyncGenerator<ExportedTransfer, void, undefined> =>
  itemsOf(exportedTransfers(connection, range))

/** The same transfers in blocks. */
export async function* exportedTransfers(
  connection: Connection,
  range?: ExportRange,
): AsyncGenerator<ExportedTransfer[], void, undefined> {
  requireConnection(connection)
  const { account, ...dates } = optionsOf(range, 'exportTransfers()', RANGE_KEYS)
  const filter = dateFilter(dates)
  const transfers =
    account === undefined
      ? allTransfers(connection, filter)
      : transfersOf(account, connection, filter)
  const { transfer: fields } = ownFieldsOf(connection)
  for await (const block of transfers) {
    const finals = await finalCaptures(block, connection)
    yield block.map((transfer) => exported(transfer, finals.has(transfer._id), fields))
  }
}

/** The ids of those transfers that are captures and ended their holds. The holds' records say so. */
async function finalCaptures(
  transfers: readonly UndecodedTransfer[],
  connection: Connection,
): Promise<ReadonlySet<string>> {
  const holdIds = transfers.flatMap(({ hold }) => hold ?? [])
  if (holdIds.length === 0) return NONE
  const ended = await primaryDatabaseOf(connection)
    .collection<HoldRecord>(collectionsOf(connection).holds)
    .find(
      { _id: { $in: holdIds }, finalCapture: { $exists: true } },
      { projection: { finalCapture: 1 }, readConcern: { level: 'majority' } },
    )
    .toArray()
  return new Set(ended.flatMap(({ finalCapture }) => finalCapture ?? []))
}

const NONE: ReadonlySet<string> = new Set()

/** A filter for the dates of a range. @throws RangeError if they are not valid */
function dateFilter({ from, to, by = 'postedAt' }: Omit<ExportRange, 'account'>): TransferFilter {
  for (const [name, date] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (date === undefined || (date instanceof Date && !Number.isNaN(date.getTime()))) continue
    throw new RangeError(`${name} ${quote(date)} is not a valid Date`)
  }
  if (by !== 'postedAt' && by !== 'effectiveAt') {
    throw new RangeError(`by ${quote(by)} is not "postedAt" or "effectiveAt"`)
  }
  if (!from && !to) return {}
  const range = { ...(from && { $gte: from }), ...(to && { $lt: to }) }
  return by === 'postedAt'
    ? { postedAt: range }
    : { $or: [{ effectiveAt: range }, { effectiveAt: { $exists: false }, postedAt: range }] }
}
