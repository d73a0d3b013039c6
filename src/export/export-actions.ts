import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import type { HoldRecord, Metadata } from '../ledger/records.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { type ExportRange, type ExportedTransfer, exportTransfers } from './export-transfers.ts'

/** A hold as it was placed. Its captures, its release or its expiry come later. */
interface ExportedHold {
  readonly action: 'hold'
  readonly holdId: string
  readonly from: string
  readonly to: string
  /** With the currency's decimals. */
  readonly amount: string
  readonly currency: string
  readonly reference?: string
  readonly metadata?: Metadata
  readonly expiresAt?: Date
  readonly postedAt: Date
  readonly batch?: string
}

/** The end of a hold whose rest was given back. */
interface ExportedEnd {
  readonly action: 'release' | 'expire'
  readonly holdId: string
  readonly postedAt: Date
}

type ExportedAction = ExportedTransfer | ExportedHold | ExportedEnd

/** All that moved or reserved money, in an order in which it can be posted again. */
export interface ExportedActions {
  /** Whether there may be more than plain transfers. */
  readonly hasHolds: boolean
  readonly actions: AsyncGenerator<ExportedAction, void, undefined>
}

/**
 * Begins to read transfers and what happened to holds. A hold that ends while it is read may come with its end. Account and
 * dates limit both; a hold has no effective date, so the date of its placing or end counts.
 */
export async function exportActions(
  connection: Connection,
  range: ExportRange,
): Promise<ExportedActions> {
  const transfers = exportTransfers(connection, range)
  // What is exported is known from here on, so the hold of each capture is found.
  const first = await transfers.next()
  const holds = primaryDatabaseOf(connection).collection<HoldRecord>(
    collectionsOf(connection).holds,
  )
  const hasHolds = (await holds.findOne({}, { projection: { _id: 1 } })) !== null
  const rest = resumed(first, transfers)
  if (!hasHolds) return { hasHolds, actions: rest }
  const actions = inOrderOfTime<ExportedAction>([placings(holds, range), rest, ends(holds, range)])
  return { hasHolds, actions }
}

async function* resumed(
  first: IteratorResult<ExportedTransfer, void>,
  rest: AsyncIterable<ExportedTransfer>,
): AsyncGenerator<ExportedTransfer, void, undefined> {
  if (first.done) return
  yield first.value
  yield* rest
}

type Holds = mongo.Collection<HoldRecord>

const OPTIONS = {
  readConcern: { level: 'majority' },
  allowDiskUse: true,
  batchSize: 1_000,
} as const

async function* placings(
  holds: Holds,
  range: ExportRange,
): AsyncGenerator<ExportedHold, void, undefined> {
  const placed = holds.find(filterOf(range, 'createdAt'), { ...OPTIONS, sort: { createdAt: 1 } })
  for await (const hold of placed) {
    const { reference, metadata, expiresAt, batch } = hold
    yield {
      action: 'hold',
      holdId: hold._id,
      from: hold.fromAccount,
      to: hold.toAccount,
      amount: hold.amount.toString(),
      currency: hold.currency,
      ...(reference !== undefined && { reference }),
      ...(metadata !== undefined && { metadata }),
      ...(expiresAt !== undefined && { expiresAt }),
      postedAt: hold.createdAt,
      ...(batch !== undefined && { batch }),
    }
  }
}

/** A final capture is an end too, but it is among the transfers. */
async function* ends(
  holds: Holds,
  range: ExportRange,
): AsyncGenerator<ExportedEnd, void, undefined> {
  const givenBack = { status: { $in: ['released', 'expired'] as const } }
  const filter = { ...filterOf(range, 'endedAt'), ...givenBack }
  const ended = holds.find(filter, {
    ...OPTIONS,
    sort: { endedAt: 1 },
    projection: { status: 1, endedAt: 1 },
  })
  for await (const { _id, status, endedAt } of ended) {
    const action = status === 'expired' ? 'expire' : 'release'
    yield { action, holdId: _id, postedAt: endedAt as Date }
  }
}

function filterOf(
  { account, from, to }: ExportRange,
  date: 'createdAt' | 'endedAt',
): mongo.Filter<HoldRecord> {
  return {
    ...((from ?? to) && { [date]: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
    ...(account !== undefined && { $or: [{ fromAccount: account }, { toAccount: account }] }),
  }
}

/** Merges what comes by time. At one moment the earlier of the sources is first: a hold is placed, captured, and released. */
async function* inOrderOfTime<Item extends { readonly postedAt: Date }>(
  sources: readonly AsyncGenerator<Item, void, undefined>[],
): AsyncGenerator<Item, void, undefined> {
  try {
    const next = await Promise.all(sources.map(async (source) => await source.next()))
    for (;;) {
      let earliest = -1
      let item: Item | undefined
      for (const [index, { value }] of next.entries()) {
        if (!value || (item && item.postedAt <= value.postedAt)) continue
        earliest = index
        item = value
      }
      if (!item) return
      yield item
      next[earliest] = await (sources[earliest] as AsyncGenerator<Item, void>).next()
    }
  } finally {
    await Promise.all(sources.map(async (source) => await source.return()))
  }
}
