import type { ReadingOptions } from '../reading-options.ts'
import { type CompiledColumns, compileColumns } from '../record-reader.ts'
import type { JsonObject } from './json-object.ts'

export type ReaderFinder = (object: JsonObject) => KeyReader | { problem: string }

export interface KeyReader extends CompiledColumns {
  readonly keys: readonly string[]
}

/** Makes a finder. It makes one reader for all objects with the same keys in the same order. */
export function readerFinder(
  options: ReadingOptions,
  { onZoneUsed }: { readonly onZoneUsed: () => void },
): ReaderFinder {
  const known = new Map<string, ReturnType<ReaderFinder>>()

  function find(keys: readonly string[]): ReturnType<ReaderFinder> {
    const compiled = compileColumns(keys, options, { areKeys: true, onZoneUsed })
    return 'problem' in compiled ? compiled : { keys, ...compiled }
  }

  return (object) => {
    const keys = Object.keys(object)
    const signature = keys.join('\0')
    const found = known.get(signature) ?? find(keys)
    if (signature.length <= MAX_KNOWN_LENGTH && known.size < MAX_KNOWN) known.set(signature, found)
    return found
  }
}

/** How many sets of keys are remembered. A file usually has one or a few. */
const MAX_KNOWN = 1_000

/** The longest set of keys that is remembered, in characters. */
const MAX_KNOWN_LENGTH = 2_000
