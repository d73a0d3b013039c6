import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { ADOPTION, type Ledger, type Notebook, ours } from './collections.ts'
import { hasMoved } from './documents.ts'
import type { Survey } from './survey.ts'

/** The notebook's accounts that were adopted, by their numbers. */
export type AdoptedAccounts = Survey['accounts']

interface Books {
  readonly notebook: Notebook
  readonly ledger: Ledger
  readonly adopted: AdoptedAccounts
}

/** The transfers that were not adopted from the notebook, or that came to it from Daybook before. */
export const SINCE = { ...ours('transfers'), batch: { $ne: ADOPTION } }

/** The most that MongoDB stores in one document. */
const MOST_BYTES = 16 * 1024 * 1024

/** What an id takes in a list besides its own bytes, at most: its type, its place as text, its length. */
const BYTES_AROUND = 14

/** What else Daybook changes of an account's document, at most. */
const STANDING_BYTES = 1_500

/**
 * Looks whether the notebook's accounts, which list all of their transfers, have room for those that came since.
 * @throws InputError where one has not; nothing was changed
 */
export async function requireRoom({ notebook, ledger, adopted }: Books): Promise<void> {
  const added = await addedBytes(ledger)
  const sizes = notebook.accounts.aggregate<{ account_id: string; size: number }>([
    { $project: { account_id: 1, size: { $bsonSize: '$$ROOT' } } },
  ])
  for await (const { account_id: number, size } of sizes) {
    if (!adopted.has(number)) continue
    const most = size + (added.get(number) ?? 0) + STANDING_BYTES
    added.delete(number)
    if (most <= MOST_BYTES) continue
    if (size + (await missingBytes(number, { notebook, ledger, adopted })) <= MOST_BYTES) continue
    throw new InputError(
      `the document of account ${number} has no room in MongoDB's 16 MB for the transfers since: nothing was changed; shorten its transfers_complete in notebook_accounts, and run the same command again`,
    )
  }
  for (const [number, bytes] of added) {
    if (bytes + STANDING_BYTES <= MOST_BYTES) continue
    throw new InputError(
      `account ${number} has more transfers than the notebook can list in its one document of at most 16 MB: nothing was changed`,
    )
  }
}

/** How much the transfers since would at most add to the lists of their accounts. */
async function addedBytes({ transfers }: Ledger): Promise<Map<string, number>> {
  const sides = transfers.aggregate<{ _id: string; bytes: number }>(
    [
      { $match: SINCE },
      {
        $project: {
          _id: 0,
          number: ['$fromAccount', '$toAccount'],
          bytes: { $add: [{ $strLenBytes: '$_id' }, BYTES_AROUND] },
        },
      },
      { $unwind: '$number' },
      { $group: { _id: '$number', bytes: { $sum: '$bytes' } } },
    ],
    { allowDiskUse: true },
  )
  const added = new Map<string, number>()
  for await (const { _id: number, bytes } of sides) added.set(number, bytes)
  return added
}

/** How much an account's document is still to take: an earlier run that was killed may have added a part. */
async function missingBytes(number: string, { notebook, ledger, adopted }: Books): Promise<number> {
  const document = adopted.get(number)
  const stored = document && (await notebook.accounts.findOne({ _id: document.documentId }))
  const listed = new Set(stored?.transfers_complete as Iterable<unknown>)
  const sides = [{ fromAccount: number }, { toAccount: number }]
  let bytes = 0
  const since = ledger.transfers.find({ ...SINCE, $or: sides }, { projection: { _id: 1 } })
  for await (const { _id } of since) {
    if (!listed.has(_id)) bytes += Buffer.byteLength(_id) + BYTES_AROUND
  }
  const account: AccountRecord | null = await ledger.accounts.findOne({ _id: number })
  return document && account && hasMoved(document.account, account) ? bytes + STANDING_BYTES : bytes
}
