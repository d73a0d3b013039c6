import type { Connection, mongo } from 'mongoose'
import { optionsOf, requireConnection } from '../arguments.ts'
import { collectionsOf } from '../definition.ts'
import { AccountNotFoundError } from '../errors.ts'
import { type OwnFields, ownFieldsOf } from '../ledger/own-fields.ts'
import type {
  AccountRecord,
  ExportedFields,
  HoldRecord,
  Metadata,
  TransferFields,
  TransferRecord,
} from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { inBlocks } from './blocks.ts'
import { inPostingOrder } from './posting-order.ts'
import { TransferCounts } from './transfer-counts.ts'

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

/** A transfer with all that is needed to post it again. What it does not have is absent. */
export interface ExportedTransfer extends ExportedFields<TransferFields> {
  /** Whether it is the capture of a hold. */
  readonly action?: 'capture'
  /** The id of the hold that it was captured from. */
  readonly holdId?: string
  /** Whether it ended its hold. */
  readonly final?: true
  readonly transferId: string
  readonly from: string
  readonly to: string
  /** With the currency's decimals. */
  readonly amount: string
  readonly currency: string
  readonly reference?: string
  readonly effectiveAt?: Date
  readonly metadata?: Metadata
  /** The id of the group that it is a leg of. */
  readonly group?: string
  /** Its number among the legs of its group, from 1. */
  readonly leg?: number
  /** How many legs its group has. */
  readonly legs?: number
  /** The id of the transfer that this one reverses. */
  readonly reverses?: string
  readonly postedAt: Date
  /** The name of the batch that it came with. */
  readonly batch?: string
}

/** Does the work of `exportTransfers()`, which index.ts documents. */
export async function* exportTransfers(
  connection: Connection,
  range?: ExportRange,
): AsyncGenerator<ExportedTransfer, void, undefined> {
  requireConnection(connection)
  const { account, ...dates } = optionsOf(range, 'exportTransfers()', RANGE_KEYS)
  const filter = dateFilter(dates)
  const transfers =
    account === undefined
      ? allTransfers(connection, filter)
      : transfersOf(account, connection, filter)
  const { transfer: fields } = ownFieldsOf(connection)
  for await (const { transfer, isFinal } of withEnds(transfers, connection)) {
    yield exported(transfer, isFinal, fields)
  }
}

const exported = (
  transfer: TransferRecord,
  isFinal: boolean,
  fields: OwnFields | undefined,
): ExportedTransfer => {
  const { reference, effectiveAt, metadata, group, leg, legs, reverses, batch, hold } = transfer
  return {
    ...(hold !== undefined && { action: 'capture', holdId: hold }),
    ...(isFinal && { final: true }),
    transferId: transfer._id,
    from: transfer.fromAccount,
    to: transfer.toAccount,
    amount: transfer.amount.toString(),
    currency: transfer.currency,
    ...(reference !== undefined && { reference }),
    ...(effectiveAt !== undefined && { effectiveAt }),
    ...(metadata !== undefined && { metadata }),
    ...(group !== undefined && { group }),
    ...(leg !== undefined && { leg }),
    ...(legs !== undefined && { legs }),
    ...(reverses !== undefined && { reverses }),
    postedAt: transfer.postedAt,
    ...(batch !== undefined && { batch }),
    ...fields?.exported(transfer),
  }
}

/** How many transfers are read before the holds of those that are captures are looked up. */
const LOOK_UP = 1_000

/** Finds out of each transfer whether it is the capture that ended a hold. Its hold's record says so. */
async function* withEnds(
  transfers: AsyncIterable<TransferRecord>,
  connection: Connection,
): AsyncGenerator<{ readonly transfer: TransferRecord; readonly isFinal: boolean }> {
  for await (const block of inBlocks(transfers, LOOK_UP)) {
    const ids = block.flatMap(({ hold }) => hold ?? [])
    const finals = ids.length === 0 ? NONE : await finalCaptures(ids, connection)
    for (const transfer of block) yield { transfer, isFinal: finals.has(transfer._id) }
  }
}

const NONE: ReadonlySet<string> = new Set()

async function finalCaptures(
  holdIds: readonly string[],
  connection: Connection,
): Promise<ReadonlySet<string>> {
  const ended = await primaryDatabaseOf(connection)
    .collection<HoldRecord>(collectionsOf(connection).holds)
    .find(
      { _id: { $in: [...holdIds] }, finalCapture: { $exists: true } },
      { projection: { finalCapture: 1 }, readConcern: { level: 'majority' } },
    )
    .toArray()
  return new Set(ended.flatMap(({ finalCapture }) => finalCapture ?? []))
}

type Filter = mongo.Filter<TransferRecord>

/** A filter for the dates of a range. @throws RangeError if they are not valid */
function dateFilter({ from, to, by = 'postedAt' }: Omit<ExportRange, 'account'>): Filter {
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

/** How many transfers are in memory as the server sends them. By itself it would send 16 MB at once. */
const BATCH_SIZE = 1_000

/**
 * All transfers that were posted when it begins. The server sorts them on its disk, once: no index of all transfers by
 * `postedAt` has to be kept up with each posting.
 */
async function* allTransfers(
  connection: Connection,
  filter: Filter,
): AsyncGenerator<TransferRecord, void, undefined> {
  const counts = await TransferCounts.read(connection)
  const transfers = primaryDatabaseOf(connection)
    .collection<TransferRecord>(collectionsOf(connection).transfers)
    .find(filter, {
      readConcern: { level: 'majority' },
      sort: { postedAt: 1 },
      projection: { fromBalance: 0, toBalance: 0 },
      allowDiskUse: true,
      batchSize: BATCH_SIZE,
    })
  const posted = async function* () {
    for await (const transfer of transfers) if (await counts.include(transfer)) yield transfer
  }
  yield* inPostingOrder(posted())
}

/** The transfers of an account up to its latest one, along the two indexes of its sequences. */
async function* transfersOf(
  accountId: string,
  connection: Connection,
  filter: Filter,
): AsyncGenerator<TransferRecord, void, undefined> {
  const database = primaryDatabaseOf(connection)
  const { accounts, transfers } = collectionsOf(connection)
  const options = { readConcern: { level: 'majority' } } as const
  const account = await database
    .collection<AccountRecord>(accounts)
    .findOne({ _id: accountId }, options)
  if (!account) throw new AccountNotFoundError({ accountId })
  const read = (side: 'from' | 'to') =>
    database.collection<TransferRecord>(transfers).find(
      {
        ...filter,
        [`${side}Account`]: accountId,
        [`${side}Sequence`]: { $lte: account.transferCount },
      },
      { ...options, sort: { [`${side}Sequence`]: 1 } },
    )
  const [sent, received] = [read('from'), read('to')]
  try {
    let [nextSent, nextReceived] = [await sent.next(), await received.next()]
    while (nextSent || nextReceived) {
      const isSent = nextSent && !(nextReceived && nextReceived.toSequence < nextSent.fromSequence)
      yield (isSent ? nextSent : nextReceived) as TransferRecord
      if (isSent) nextSent = await sent.next()
      else nextReceived = await received.next()
    }
  } finally {
    await Promise.all([sent.close(), received.close()])
  }
}
