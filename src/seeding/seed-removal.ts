import type mongoose from 'mongoose'
import type { Connection } from 'mongoose'
import { InputError } from '../errors.ts'
import type { AccountRecord, TransferRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import type { BatchRecord, RefusalRecord } from '../models/batch.ts'
import { SEEDED_AT } from './fake-accounts.ts'

/** How many of each were removed; with `dryRun`, would be. */
export interface Removal {
  readonly accounts: number
  readonly transfers: number
  readonly batches: number
}

/**
 * Removes the accounts that seeding made, which it knows by their `createdAt`, all transfers between them,
 * and the records of the batches that brought these and no others, so that they can be replayed. The books
 * of all other accounts stay as they are. Killed, it ends its work when run again. Nothing else may be
 * posting at the same time.
 * @throws InputError where a transfer is with an account that seeding did not make; nothing has changed
 */
export async function removeSeeded(
  connection: Connection,
  { dryRun = false }: { dryRun?: boolean | undefined } = {},
): Promise<Removal> {
  const { db } = connection
  if (!db) throw new Error('the connection is not open: await mongoose.connect() first')
  const accounts = db.collection<AccountRecord>('accounts')
  const count = await accounts.countDocuments({ createdAt: SEEDED_AT })
  if (count === 0) return { accounts: 0, transfers: 0, batches: 0 }

  const isSeeded = await seededTest(accounts)
  const found = await findTransfers(db.collection<TransferRecord>('transfers'), isSeeded)
  const batches = await db
    .collection<BatchRecord>('batches')
    .find({ _id: { $in: [...found.batches], $nin: [...found.keptBatches] } })
    .map(({ _id }) => _id)
    .toArray()
  const removal = { accounts: count, transfers: found.transfers, batches: batches.length }
  if (dryRun) return removal

  // In this order, because transfers tell the batches, and accounts the transfers, that are left when this
  // is killed and run again.
  for (const batch of batches) {
    await db.collection<RefusalRecord>('refusals').deleteMany({ '_id.batch': batch })
    await db.collection<BatchRecord>('batches').deleteOne({ _id: batch })
  }
  await removeTransfers(db.collection<TransferRecord>('transfers'), isSeeded, found)
  await accounts.deleteMany({ createdAt: SEEDED_AT })
  return removal
}

type Collection<Document extends mongoose.mongo.Document> = mongoose.mongo.Collection<Document>
type IsSeeded = (accountId: string) => boolean

/** Knows the ids of the smaller side, the seeded accounts or the others. */
async function seededTest(accounts: Collection<AccountRecord>): Promise<IsSeeded> {
  const seeded = { createdAt: SEEDED_AT }
  const others = { createdAt: { $ne: SEEDED_AT } }
  const areSeededFewer =
    (await accounts.countDocuments(seeded)) < (await accounts.countDocuments(others))
  const ids = new Set<string>()
  const fewer = accounts.find(areSeededFewer ? seeded : others, { projection: { _id: 1 } })
  for await (const { _id } of fewer) ids.add(_id)
  return (accountId) => ids.has(accountId) === areSeededFewer
}

interface Found {
  readonly transfers: number
  readonly keptTransfers: number
  /** The batches that brought the transfers to remove. */
  readonly batches: ReadonlySet<string>
  readonly keptBatches: ReadonlySet<string>
}

async function findTransfers(
  collection: Collection<TransferRecord>,
  isSeeded: IsSeeded,
): Promise<Found> {
  const batches = new Set<string>()
  const keptBatches = new Set<string>()
  let transfers = 0
  let keptTransfers = 0
  const projection = { fromAccount: 1, toAccount: 1, batch: 1 }
  for await (const transfer of collection.find({}, { projection })) {
    const { _id, fromAccount, toAccount, batch } = transfer
    const isRemoved = isSeeded(fromAccount)
    if (isRemoved !== isSeeded(toAccount)) {
      const [seeded, other] = isRemoved ? [fromAccount, toAccount] : [toAccount, fromAccount]
      throw new InputError(
        `transfer ${quote(_id)} is between account ${quote(seeded)}, which seeding made, and ${quote(other)}, which it did not make: to remove it would leave the books of ${quote(other)} wrong, so nothing was removed; use another database, or drop this one`,
      )
    }
    if (isRemoved) transfers += 1
    else keptTransfers += 1
    if (batch !== undefined) (isRemoved ? batches : keptBatches).add(batch)
  }
  return { transfers, keptTransfers, batches, keptBatches }
}

const DELETED_AT_ONCE = 5_000

async function removeTransfers(
  collection: Collection<TransferRecord>,
  isSeeded: IsSeeded,
  { keptTransfers }: Found,
): Promise<void> {
  if (keptTransfers === 0) {
    await collection.deleteMany({})
    return
  }
  let ids: string[] = []
  const remove = async () => {
    await collection.deleteMany({ _id: { $in: ids } })
    ids = []
  }
  for await (const { _id, fromAccount } of collection.find(
    {},
    { projection: { fromAccount: 1 } },
  )) {
    if (isSeeded(fromAccount)) ids.push(_id)
    if (ids.length === DELETED_AT_ONCE) await remove()
  }
  await remove()
}
