import type { Metadata } from '../../ledger/records.ts'
import { quote } from '../../messages.ts'
import { ColumnsError } from './columns.ts'
import { type ValueOf, isMissing } from './values/values.ts'

/** The columns kept as metadata, each with its key there. */
export type KeptColumns = readonly { readonly index: number; readonly key: string }[]

/** The most columns that metadata can hold. */
const MAX_KEPT = 32

/**
 * The columns to keep as metadata: all that have a name and no role, or only those that `keep` names. `withRoles` are the
 * indexes of those that have one.
 * @throws ColumnsError
 */
export function keptColumns(
  columns: readonly string[],
  withRoles: readonly (number | undefined)[],
  keep: boolean | readonly string[],
): KeptColumns {
  if (keep === false) return []
  const used = new Set(withRoles)
  const kept: { index: number; key: string }[] = []
  for (const [index, column] of columns.entries()) {
    const isWanted = keep === true ? column !== '' : keep.includes(column)
    if (isWanted && !used.has(index)) kept.push({ index, key: metadataKey(column) })
  }
  const missing = keep === true ? undefined : keep.find((column) => !columns.includes(column))
  if (missing !== undefined) {
    throw new ColumnsError(
      `no column is named ${quote(missing)}: --keep must name columns of the file, and without names it keeps all`,
    )
  }
  if (kept.length > MAX_KEPT) {
    throw new ColumnsError(
      `${kept.length} columns would be kept, but ${MAX_KEPT} is the most: choose columns with --keep`,
    )
  }
  const keys = kept.map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) {
    throw new ColumnsError(
      `two columns would be kept as ${quote(twice)}: choose one of them with --keep`,
    )
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

/** The metadata of a record; undefined if none of its columns has a value. */
export function metadataOf(value: ValueOf, kept: KeptColumns): Metadata | undefined {
  const entries: [string, string | boolean][] = []
  for (const { index, key } of kept) {
    const found = value(index)
    if (isMissing(found)) continue
    const isPlain = typeof found === 'string' || typeof found === 'boolean'
    entries.push([key, isPlain ? found : JSON.stringify(found)])
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
