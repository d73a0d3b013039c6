import { createHash } from 'node:crypto'
import type { Metadata } from '../../ledger/records.ts'
import { type IdentifiedRequest, isIdentifier } from '../../ledger/request.ts'
import { quote } from '../../messages.ts'
import { type ColumnIndexes, type FoundColumns, ROLES } from './columns.ts'

/** A line of a batch: a transfer that is asked for, or why there is none. */
export interface Row {
  /** Its number among the file's records, from 1. */
  readonly position: number
  readonly line: number
  /** 1, or more where several records begin on one line. */
  readonly item: number
  /** As it was read. */
  readonly text: string
  readonly request?: IdentifiedRequest | undefined
  readonly problem?: string | undefined
  /** The id that was made for it, in a file that has none. */
  readonly madeId?: string | undefined
}

/** Makes the ids of a batch whose file has none: `NAME:LINE`, so that a repeat is a repeat. */
export function idMaker(name: string): (place: { line: number; item: number }) => string {
  const isShort = name.length <= 100 && isIdentifier(name)
  const prefix = isShort ? name : createHash('sha256').update(name).digest('hex').slice(0, 32)
  return ({ line, item }) => (item === 1 ? `${prefix}:${line}` : `${prefix}:${line}.${item}`)
}

/** What a record's parts become, once it is known which is which. */
export interface RowColumns {
  readonly indexes: FoundColumns
  /** The columns kept as metadata, with the keys that they are kept under. */
  readonly kept: readonly { readonly index: number; readonly key: string }[]
}

/** Which columns become metadata: all that have a name and no role, or those that are named. */
export function keptColumns(
  columns: readonly string[],
  indexes: ColumnIndexes,
  keep: boolean | readonly string[],
): RowColumns['kept'] | { problem: string } {
  if (keep === false) return []
  const used = new Set(ROLES.map((role) => indexes[role]))
  const kept: { index: number; key: string }[] = []
  for (const [index, column] of columns.entries()) {
    const isAsked = keep === true ? column !== '' : keep.includes(column)
    if (isAsked && !used.has(index)) kept.push({ index, key: safeKey(column) })
  }
  const missing = keep === true ? undefined : keep.find((column) => !columns.includes(column))
  if (missing !== undefined) {
    return { problem: `no column is named ${quote(missing)}, which is to be kept` }
  }
  if (kept.length > 32) {
    return {
      problem: `${kept.length} columns would be kept and 32 are the most: name those to keep`,
    }
  }
  const keys = kept.map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) {
    return { problem: `two columns would be kept as ${quote(twice)}: name those to keep` }
  }
  return kept
}

/** A column's name as a key of metadata: what the rules of metadata forbid becomes `_`, the rest is cut at 64. */
function safeKey(column: string): string {
  const key = column
    .replaceAll(/^\$|[.\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '_')
    .slice(0, 64)
    .replace(/\p{Cs}$/u, '')
  return /^(?:__proto__|constructor|prototype|_bsontype|toBSON|toJSON)$/.test(key) ? `${key}_` : key
}

/** Whether a record has no id. */
export const lacksId = (value: (index: number) => unknown, { indexes }: RowColumns): boolean =>
  present(indexes.transferId, value) === undefined

/** The transfer that a record asks for. Whether its parts are well formed is the posting's to say. */
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
    currency: present(indexes.currency, value) ?? currency,
    reference: present(indexes.reference, value),
    metadata: kept.length === 0 ? undefined : metadataOf(value, kept),
  } as IdentifiedRequest
}

/** Whether a part of a record stands for none. */
export const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || value === ''

function present(index: number | undefined, value: (index: number) => unknown): unknown {
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
