import { createHash } from 'node:crypto'
import { isIdentifier, newIdentifierProblem } from '../../ledger/identifier.ts'
import type { Metadata } from '../../ledger/records.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import { quote } from '../../messages.ts'
import type { Encoding } from '../source/encoding.ts'
import { type ColumnIndexes, type FoundColumns, ROLES } from './columns.ts'

/** A record of a batch: the transfer that it asks for, the problem that keeps it from being read, or why it is skipped. */
export interface Row {
  /** Its number among the records of the file, from 1. */
  readonly position: number
  readonly line: number
  /** 1, or its number among the records that start on the same line. */
  readonly item: number
  /** The record as read. */
  readonly text: string
  readonly request?: IdentifiedRequest | undefined
  /** What it asks for beyond the first request. Only a transform makes such rows. */
  readonly moreRequests?: readonly IdentifiedRequest[] | undefined
  readonly problem?: string | undefined
  /** Why the record asks for no transfer. It is consumed and counted, and nothing else. */
  readonly skipped?: string | undefined
  /** The id that was made for a record without one. The ids of further requests of the record start with it. */
  readonly madeId?: string | undefined
}

/** The requests of a row, in order. */
export const requestsOfRow = ({ request, moreRequests = [] }: Row): readonly IdentifiedRequest[] =>
  request ? [request, ...moreRequests] : []

/**
 * Makes ids for a batch whose file has none: `NAME:LINE`. A line has the same id at each replay. An id can be
 * written in the file's encoding, so that the rejects keep it.
 */
export function idMaker(
  name: string,
  { asWritten }: Encoding,
): (record: { line: number; item: number }) => string {
  const isPossible =
    name.length <= 100 &&
    isIdentifier(name) &&
    newIdentifierProblem(name) === undefined &&
    asWritten(name) === name
  const prefix = isPossible ? name : createHash('sha256').update(name).digest('hex').slice(0, 32)
  return ({ line, item }) => (item === 1 ? `${prefix}:${line}` : `${prefix}:${line}.${item}`)
}

/** What each column of a record is used for. */
export interface RowColumns {
  readonly indexes: FoundColumns
  /** The columns kept as metadata, each with its key there. */
  readonly kept: readonly { readonly index: number; readonly key: string }[]
}

/** The most columns that metadata can hold. */
const MAX_KEPT = 32

/** The columns to keep as metadata: all that have a name and no role, or only those that `keep` names. */
export function keptColumns(
  columns: readonly string[],
  indexes: ColumnIndexes,
  keep: boolean | readonly string[],
): RowColumns['kept'] | { problem: string } {
  if (keep === false) return []
  const used = new Set(ROLES.map((role) => indexes[role]))
  const kept: { index: number; key: string }[] = []
  for (const [index, column] of columns.entries()) {
    const isWanted = keep === true ? column !== '' : keep.includes(column)
    if (isWanted && !used.has(index)) kept.push({ index, key: metadataKey(column) })
  }
  const missing = keep === true ? undefined : keep.find((column) => !columns.includes(column))
  if (missing !== undefined) {
    return { problem: `no column is named ${quote(missing)}: --keep must name columns of the file` }
  }
  if (kept.length > MAX_KEPT) {
    const problem = `${kept.length} columns would be kept, but ${MAX_KEPT} is the most: choose columns with --keep`
    return { problem }
  }
  const keys = kept.map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) {
    return {
      problem: `two columns would be kept as ${quote(twice)}: choose one of them with --keep`,
    }
  }
  return kept
}

/** What keys of metadata cannot have, and the joiners. A variation selector stays with its emoji. */
const NOT_IN_KEYS =
  /^\$|[.\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]|(?!\p{Variation_Selector})\p{Default_Ignorable_Code_Point}/gu

/** A column's name as a key of metadata: characters not allowed there become `_`, and it is cut at 64. */
function metadataKey(column: string): string {
  const key = column
    .replaceAll(NOT_IN_KEYS, '_')
    .slice(0, 64)
    .replace(/\p{Cs}$/u, '')
  return /^(?:__proto__|constructor|prototype|_bsontype|toBSON|toJSON)$/.test(key) ? `${key}_` : key
}

export const hasId = (value: (index: number) => unknown, { indexes }: RowColumns): boolean =>
  presentValue(indexes.transferId, value) !== undefined

/** The transfer that a record asks for. The posting checks that its parts are well formed. */
export function requestOf(
  value: (index: number) => unknown,
  { indexes, kept }: RowColumns,
  { madeId, currency }: { madeId: string | undefined; currency: string | undefined },
): IdentifiedRequest {
  const { transferId } = indexes
  return {
    transferId: madeId ?? (transferId === undefined ? undefined : value(transferId)),
    from: value(indexes.from),
    to: value(indexes.to),
    amount: value(indexes.amount),
    currency: presentValue(indexes.currency, value) ?? currency,
    reference: presentValue(indexes.reference, value),
    metadata: kept.length === 0 ? undefined : metadataOf(value, kept),
  } as IdentifiedRequest
}

/** Whether a part of a record counts as missing. */
export const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || value === ''

function presentValue(index: number | undefined, value: (index: number) => unknown): unknown {
  const found = index === undefined ? undefined : value(index)
  return isMissing(found) ? undefined : found
}

function metadataOf(
  value: (index: number) => unknown,
  kept: RowColumns['kept'],
): Metadata | undefined {
  const entries: [string, string | boolean][] = []
  for (const { index, key } of kept) {
    const found = value(index)
    if (isMissing(found)) continue
    const isPlain = typeof found === 'string' || typeof found === 'boolean'
    entries.push([key, isPlain ? found : JSON.stringify(found)])
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
