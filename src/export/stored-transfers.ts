import type { Connection, mongo } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import { AccountNotFoundError } from '../errors.ts'
import type { AccountRecord, TransferRecord } from '../ledger/records.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { blocksOf, inBlocks } from './blocks.ts'
import { inPostingOrder } from './posting-order.ts'
import { TransferCounts } from './transfer-counts.ts'
import { type UndecodedTransfer, undecoded } from './undecoded-transfer.ts'

export type TransferFilter = mongo.Filter<TransferRecord>

/** How many transfers are in memory as the server sends them. By itself it would send 16 MB at once. */
const BATCH_SIZE = 1_000

/**
 * All transfers that were posted when it begins. The server sorts them on its disk, once: no index of all transfers by
 * `postedAt` has to be kept up with each posting.
 */
export async function* allTransfers(
  connection: Connection,
  filter: TransferFilter,
): AsyncGenerator<UndecodedTransfer[], void, undefined> {
  const counts = await TransferCounts.read(connection)
  const transfers = findUndecoded(connection, filter, {
    sort: { postedAt: 1 },
    projection: { fromBalance: 0, toBalance: 0 },
    allowDiskUse: true,
  })
  const posted = async function* () {
    for await (const block of blocksOf(transfers)) {
      yield await counts.included(block.map(undecoded))
    }
  }
  yield* inPostingOrder(posted(), BATCH_SIZE)
}

/** The transfers of an account up to its latest one, along the two indexes of its sequences. */
export async function* transfersOf(
  accountId: string,
  connection: Connection,
  filter: TransferFilter,
): AsyncGenerator<UndecodedTransfer[], void, undefined> {
  const account = await primaryDatabaseOf(connection)
    .collection<AccountRecord>(collectionsOf(connection).accounts)
    .findOne({ _id: accountId }, { readConcern: { level: 'majority' } })
  if (!account) throw new AccountNotFoundError({ accountId })
  const read = (side: 'from' | 'to') =>
    findUndecoded(
      connection,
      {
        ...filter,
        [`${side}Account`]: accountId,
        [`${side}Sequence`]: { $lte: account.transferCount },
      },
      { sort: { [`${side}Sequence`]: 1 } },
    )
  yield* inBlocks(bySequence(read('from'), read('to')), BATCH_SIZE)
}

async function nextOf(cursor: mongo.FindCursor<Buffer>): Promise<UndecodedTransfer | undefined> {
  const bytes = await cursor.next()
  return bytes ? undecoded(bytes) : undefined
}

/** Merges what an account sent and what it received. */
async function* bySequence(
  sent: mongo.FindCursor<Buffer>,
  received: mongo.FindCursor<Buffer>,
): AsyncGenerator<UndecodedTransfer, void, undefined> {
  try {
    let [nextSent, nextReceived] = [await nextOf(sent), await nextOf(received)]
    while (nextSent || nextReceived) {
      const isSent = nextSent && !(nextReceived && nextReceived.toSequence < nextSent.fromSequence)
      yield (isSent ? nextSent : nextReceived) as UndecodedTransfer
      if (isSent) nextSent = await nextOf(sent)
      else nextReceived = await nextOf(received)
    }
  } finally {
    await Promise.all([sent.close(), received.close()])
  }
}

/** Finds transfers as their bytes. */
const findUndecoded = (
  connection: Connection,
  filter: TransferFilter,
  options: mongo.FindOptions,
): mongo.FindCursor<Buffer> =>
  primaryDatabaseOf(connection)
    .collection<TransferRecord>(collectionsOf(connection).transfers)
    .find(filter, {
      ...options,
      readConcern: { level: 'majority' },
      batchSize: BATCH_SIZE,
      raw: true,
    }) as unknown as mongo.FindCursor<Buffer>
