import { findColumns } from '../columns.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { type RowColumns, keptColumns } from '../row.ts'
import type { JsonObject } from './json-object.ts'

export type ColumnFinder = (object: JsonObject) => KeyColumns | { problem: string }

export interface KeyColumns extends RowColumns {
  readonly keys: readonly string[]
}

/** Makes a finder. It searches only once for objects with the same keys in the same order. */
export function columnFinder({ map = {}, keep = false }: ReadingOptions): ColumnFinder {
  const known = new Map<string, ReturnType<ColumnFinder>>()

  function find(keys: readonly string[]): ReturnType<ColumnFinder> {
    const found = findColumns(keys, { map, areKeys: true })
    if ('problem' in found) return found
    // An object may leave out a key to keep.
    const presentKeys = typeof keep === 'boolean' ? keep : keep.filter((key) => keys.includes(key))
    const kept = keptColumns(keys, found.indexes, presentKeys)
    return 'problem' in kept ? kept : { keys, indexes: found.indexes, kept }
  }

  return (object) => {
    const keys = Object.keys(object)
    const signature = keys.join('\0')
    const columns = known.get(signature) ?? find(keys)
    if (signature.length <= MAX_KNOWN_LENGTH && known.size < MAX_KNOWN)
      known.set(signature, columns)
    return columns
  }
}

/** How many sets of keys are remembered. A file usually has one or a few. */
const MAX_KNOWN = 1_000

/** The longest set of keys that is remembered, in characters. */
const MAX_KNOWN_LENGTH = 2_000
