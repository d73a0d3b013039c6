import { columnsNamedBy } from '../named-columns.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { type CompiledColumns, type ReaderOptions, compileColumns } from '../record-reader.ts'
import type { JsonObject } from './json-object.ts'
import { valueAt } from './nested-values.ts'

export type ReaderFinder = (object: JsonObject) => KeyReader | { problem: string }

export interface KeyReader extends CompiledColumns {
  /** The keys of the object, then the dotted names of the values within it that the options name. */
  readonly keys: readonly string[]
}

/** Makes a finder. It makes one reader for all objects with the same keys in the same order. */
export function readerFinder(
  options: ReadingOptions,
  readerOptions: Pick<ReaderOptions, 'ownFields' | 'onZoneUsed'>,
): ReaderFinder {
  const known = new Map<string, ReturnType<ReaderFinder>>()
  const dotted = [...new Set(columnsNamedBy(options))].filter((name) => name.includes('.'))
  const nestedIn = (object: JsonObject) =>
    dotted.filter((name) => !Object.hasOwn(object, name) && valueAt(object, name) !== undefined)

  function find(own: readonly string[], nested: readonly string[]): ReturnType<ReaderFinder> {
    const keys = [...own, ...nested]
    const kinds = { areKeys: true, nested: new Set(nested) }
    const compiled = compileColumns(keys, options, { ...readerOptions, ...kinds })
    return 'problem' in compiled ? compiled : { keys, ...compiled }
  }

  return (object) => {
    const keys = Object.keys(object)
    const nested = dotted.length === 0 ? dotted : nestedIn(object)
    const signature = nested.length === 0 ? keys.join('\0') : [...keys, '', ...nested].join('\0')
    const found = known.get(signature) ?? find(keys, nested)
    if (signature.length <= MAX_KNOWN_LENGTH && known.size < MAX_KNOWN) known.set(signature, found)
    return found
  }
}

/** How many sets of keys are remembered. A file usually has one or a few. */
const MAX_KNOWN = 1_000

/** The longest set of keys that is remembered, in characters. */
const MAX_KNOWN_LENGTH = 2_000
