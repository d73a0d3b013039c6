import type { ReadingOptions } from './batch-file.ts'
import { findColumns } from './columns.ts'
import type { JsonObject } from './json.ts'
import { type RowColumns, keptColumns } from './row.ts'

/** Which of an object's keys hold what. */
export type ColumnsOf = (object: JsonObject) => KeyColumns | { problem: string }

export interface KeyColumns extends RowColumns {
  readonly keys: readonly string[]
}

/** Finds out which of an object's keys hold what, once for each set of keys. */
export function columnFinder({ map = {}, keep = false }: ReadingOptions): ColumnsOf {
  const known = new Map<string, ReturnType<ColumnsOf>>()

  function find(keys: readonly string[]): ReturnType<ColumnsOf> {
    const found = findColumns(keys, { map, areKeys: true })
    if ('problem' in found) return found
    // A key that is not in every record is nothing to refuse a record for.
    const asked = typeof keep === 'boolean' ? keep : keep.filter((key) => keys.includes(key))
    const kept = keptColumns(keys, found.indexes, asked)
    return 'problem' in kept ? kept : { keys, indexes: found.indexes, kept }
  }

  return (object) => {
    const keys = Object.keys(object)
    const signature = keys.join('\0')
    const columns = known.get(signature) ?? find(keys)
    if (signature.length <= KNOWN_LENGTH && known.size < KNOWN_MOST) known.set(signature, columns)
    return columns
  }
}

/** How many different sets of keys are remembered: a file usually has one, or a few. */
const KNOWN_MOST = 1_000

/** How long a set of keys may be, in characters, to be remembered. */
const KNOWN_LENGTH = 2_000
