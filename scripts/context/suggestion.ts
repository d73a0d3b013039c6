import type { Connection } from 'mongoose'
import {
  AccountNotFoundError,
  GroupNotFoundError,
  HoldNotFoundError,
  TransferNotFoundError,
} from '../../src/index.ts'
import { collectionsOf, databaseOf, named, similarNames } from '../../src/internal.ts'
import { CommandFailure } from './command.ts'

/** What has an id of its own, by its collection. */
const KINDS = {
  accounts: 'an account',
  transfers: 'a transfer',
  holds: 'a hold',
  transfer_groups: 'a group',
  batches: 'a batch',
} as const
type Kind = keyof typeof KINDS

/** An error about an id that does not exist, with what was probably meant added to its message. */
export async function withSuggestion(error: unknown, connection: Connection): Promise<unknown> {
  const [kind, id] = missingIn(error)
  if (kind === undefined || typeof id !== 'string') return error
  try {
    const suggestion = await suggestionFor(connection, kind, id)
    if (suggestion === '') return error
    const { code, message } = error as Error & { code: string }
    return new CommandFailure(`${code}: ${message}${suggestion}`, { cause: error })
  } catch {
    // What the user has to know is that the id does not exist.
    return error
  }
}

function missingIn(error: unknown): readonly [] | readonly [Kind, unknown] {
  if (error instanceof AccountNotFoundError) return ['accounts', error.accountId]
  if (error instanceof TransferNotFoundError) return ['transfers', error.transferId]
  if (error instanceof HoldNotFoundError) return ['holds', error.holdId]
  if (error instanceof GroupNotFoundError) return ['transfer_groups', error.groupId]
  return []
}

/** A sentence for the end of a message: what else has the id, or the one id that is nearly the same. Empty if there is none. */
export async function suggestionFor(
  connection: Connection,
  kind: Kind,
  id: string,
): Promise<string> {
  for (const other of Object.keys(KINDS) as Kind[]) {
    if (
      other !== kind &&
      (await idsOf(connection, other).findOne({ _id: id }, { projection: PROJECTION }))
    ) {
      return `. There is ${KINDS[other]} with this id`
    }
  }
  const meant =
    (await inOtherCase(idsOf(connection, kind), id)) ?? (await nearest(idsOf(connection, kind), id))
  return meant === undefined ? '' : `. Did you mean ${named(meant)}?`
}

type Ids = ReturnType<typeof idsOf>

const idsOf = (connection: Connection, kind: Kind) =>
  databaseOf(connection).collection<{ _id: string }>(collectionsOf(connection)[kind])

// The index has the ids: no document is read.
const PROJECTION = { _id: 1 }

async function inOtherCase(ids: Ids, id: string): Promise<string | undefined> {
  const cases = { $in: [id.toUpperCase(), id.toLowerCase()] }
  return (await ids.findOne({ _id: cases }, { projection: PROJECTION }))?._id
}

/** How many ids before a missing one are compared with it, and how many after it. */
const NEIGHBOURS = 100

/** The one id that is nearly the same as a missing one. Undefined if there may be others: one would be as likely as another. */
async function nearest(ids: Ids, id: string): Promise<string | undefined> {
  const options = { projection: PROJECTION, limit: NEIGHBOURS }
  const sides = await Promise.all([
    ids.find({ _id: { $lt: id } }, { ...options, sort: { _id: -1 } }).toArray(),
    ids.find({ _id: { $gt: id } }, { ...options, sort: { _id: 1 } }).toArray(),
  ])
  const [near, ...others] = similarNames(
    id,
    sides.flat().map(({ _id }) => _id),
  )
  if (near === undefined || others.length > 0) return undefined
  const beginning = commonBeginning(id, near)
  // Where not all ids with this beginning were read, another may be as near.
  const isPartRead = sides.some(
    (side) => side.length === NEIGHBOURS && side.at(-1)?._id.startsWith(beginning),
  )
  return isPartRead ? undefined : near
}

function commonBeginning(one: string, other: string): string {
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return one.slice(0, length)
}
