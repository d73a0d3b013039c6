import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import type { HoldRecord, Metadata } from '../ledger/records.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { blocksOf } from './blocks.ts'
import { type ExportRange, exportedTransfers } from './export-transfers.ts'
import type { ExportedTransfer } from './exported-transfer.ts'

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
  /** In blocks. */
  readonly actions: AsyncGenerator<ExportedAction[], void, undefined>
}

/**
 * Begins to read transfers and what happened to holds. A hold that ends while it is read may come with its end. Account and
 * dates limit both; a hold has no effective date, so the date of its placing or end counts.
 */
export async function exportActions(
  connection: Connection,
  range: ExportRange,
): Promise<ExportedActions> {
  const transfers = exportedTransfers(connection, range)
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
  first: IteratorResult<ExportedTransfer[], void>,
  rest: AsyncIterable<ExportedTransfer[]>,
): AsyncGenerator<ExportedTransfer[], void, undefined> {
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
): AsyncGenerator<ExportedHold[], void, undefined> {
  const placed = holds.find(filterOf(range, 'createdAt'), { ...OPTIONS, sort: { createdAt: 1 } })
  for await (const block of blocksOf(placed)) yield block.map(placing)
}

const placing = (hold: HoldRecord): ExportedHold => {
  const { reference, metadata, expiresAt, batch } = hold
  return {
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

/** A final capture is an end too, but it is among the transfers. */
async function* ends(
  holds: Holds,
  range: ExportRange,
): AsyncGenerator<ExportedEnd[], void, undefined> {
  const givenBack = { status: { $in: ['released', 'expired'] as const } }
  const filter = { ...filterOf(range, 'endedAt'), ...givenBack }
  const ended = holds.find(filter, {
    ...OPTIONS,
    sort: { endedAt: 1 },
    projection: { status: 1, endedAt: 1 },
  })
  for await (const block of blocksOf(ended)) yield block.map(end)
}

const end = ({ _id, status, endedAt }: HoldRecord): ExportedEnd => ({
  action: status === 'expired' ? 'expire' : 'release',
  holdId: _id,
  postedAt: endedAt as Date,
})

function filterOf(
  { account, from, to }: ExportRange,
  date: 'createdAt' | 'endedAt',
): mongo.Filter<HoldRecord> {
  return {
    ...((from ?? to) && { [date]: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
    ...(account !== undefined && { $or: [{ fromAccount: account }, { toAccount: account }] }),
  }
}

/** Merges what comes by time, in blocks. At one moment the earlier of the sources is first: a hold is placed, captured, and released. */
async function* inOrderOfTime<Item extends { readonly postedAt: Date }>(
  sources: readonly AsyncGenerator<Item[], void, undefined>[],
): AsyncGenerator<Item[], void, undefined> {
  const blocks: Item[][] = sources.map(() => [])
  const used = sources.map(() => 0)
  const next = (index: number): Item | undefined => blocks[index]?.[used[index] as number]
  const refill = async (index: number) => {
    for (;;) {
      const { value, done } = await (sources[index] as AsyncGenerator<Item[], void>).next()
      blocks[index] = value ?? []
      used[index] = 0
      if (done || value.length > 0) return
    }
  }
  try {
    await Promise.all(sources.map(async (_, index) => await refill(index)))
    let merged: Item[] = []
    for (;;) {
      let earliest = -1
      let item: Item | undefined
      for (let index = 0; index < sources.length; index += 1) {
        const candidate = next(index)
        if (!candidate || (item && item.postedAt <= candidate.postedAt)) continue
        earliest = index
        item = candidate
      }
      if (!item) return
      merged.push(item)
      used[earliest] = (used[earliest] as number) + 1
      if (next(earliest)) continue
      yield merged
      merged = []
      await refill(earliest)
    }
  } finally {
    await Promise.all(sources.map(async (source) => await source.return()))
  }
}
