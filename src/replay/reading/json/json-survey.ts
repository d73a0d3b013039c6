import { quote } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import { columnsNamedBy } from '../named-columns.ts'
import type { ReadingOptions } from '../reading-options.ts'
import type { JsonLayout } from './element-splitter.ts'
import type { ReaderFinder } from './json-columns.ts'
import { type JsonObject, readObject } from './json-object.ts'
import { missingKeyProblem, missingKeysWarning, neededKey } from './missing-keys.ts'
import { readRejected } from './json-rejects.ts'
import { nestedNamesIn, objectArraysIn, valueAt } from './nested-values.ts'

interface SurveyOptions {
  readonly file: string
  readonly layout: JsonLayout
  readonly options: ReadingOptions
  readonly readerOf: ReaderFinder
}

/**
 * Reads as much of a file as is needed to see that it is a batch, usually one record. If no record can be
 * read as a transfer, or no record has a key that all transfers need, the file or the options must be wrong:
 * that is a {@link BatchFileError}. Another key that no record has is a warning. In a file of rejects all records may
 * be unreadable.
 */
export async function surveyJson(
  records: RecordBlocks,
  { file, layout, options, readerOf }: SurveyOptions,
): Promise<{ hasIds: boolean; warning?: string }> {
  const missingKeys = new Set(columnsNamedBy(options))
  const { map = {}, set, idFrom } = options
  const ids = { map, set, areMade: idFrom !== undefined }
  const seenKeys = new Set<string>()
  let isEmpty = true
  let hasIds: boolean | undefined
  let isReadable = false
  let unreadable: { line: number; item: number; problem: string; isObject: boolean } | undefined
  for await (const block of records) {
    isEmpty = false
    for (const record of block) {
      const read = readRecord(record, options)
      if ('problem' in read) {
        unreadable ??= {
          line: record.line,
          item: record.item,
          problem: read.problem,
          isObject: false,
        }
        continue
      }
      if (readRejected(read.object, record.text, ids)) return { hasIds: true }
      const found = readerOf(read.object)
      if (seenKeys.size < MOST_SEEN) {
        for (const name of [...Object.keys(read.object), ...nestedNamesIn(read.object)]) {
          seenKeys.add(name)
        }
      }
      for (const name of missingKeys) {
        if (valueAt(read.object, name) !== undefined) missingKeys.delete(name)
      }
      const reader = 'problem' in found ? found : found.reader
      if ('problem' in reader) {
        if (!unreadable?.isObject) {
          unreadable = {
            line: record.line,
            item: record.item,
            problem: reader.problem + nestedHint(read.object),
            isObject: true,
          }
        }
      } else {
        isReadable = true
        hasIds ??= reader.hasIds
      }
      if (hasIds !== undefined && missingKeys.size === 0) return { hasIds }
    }
  }
  if (isEmpty && layout === 'lines') {
    throw new BatchFileError(file, 'the file is empty: expected one JSON object a line')
  }
  if (!isReadable && unreadable) {
    const { line, item, problem, isObject } = unreadable
    const others = isObject
      ? 'no other object can be read as a transfer either'
      : 'no JSON object follows'
    throw new BatchFileError(file, `${problem}; ${others}`, { line, item })
  }
  if (missingKeys.size === 0 || !isReadable) return { hasIds: hasIds ?? false }
  const needed = neededKey(missingKeys, options)
  if (needed !== undefined) throw new BatchFileError(file, missingKeyProblem(needed, seenKeys))
  return { hasIds: hasIds ?? false, warning: missingKeysWarning(missingKeys, seenKeys) }
}

/** How many keys are remembered, for the one that was probably meant by a missing one. */
const MOST_SEEN = 200

/** What to do if the values may be further within the object. */
function nestedHint(object: JsonObject): string {
  const arrays = objectArraysIn(object)
  if (arrays.length > 0) {
    return `; if the transfers are in the array ${listed(arrays, ' or ')}, add --at and its name`
  }
  const names = nestedNamesIn(object)
  return names.length === 0
    ? ''
    : `; a value within an object has a dotted name, such as ${listed(names, ', ')}`
}

const listed = (names: readonly string[], separator: string): string =>
  names
    .slice(0, MAX_LISTED)
    .map((name) => quote(name))
    .join(separator)

const MAX_LISTED = 5

/** Reads a record as an object, with a hint in the problem if the layout of the file seems to be the cause. */
function readRecord(record: RawRecord, { format }: ReadingOptions): ReturnType<typeof readObject> {
  if (record.problem !== undefined) return { problem: record.problem }
  const read = readObject(record.text)
  if ('object' in read) return read
  const hint = layoutHint(record.text.trim(), format)
  return hint === undefined ? read : { problem: `${read.problem}; ${hint}` }
}

function layoutHint(text: string, format: ReadingOptions['format']): string | undefined {
  if (text.includes('\r')) return 'the lines seem to end in CR only: save the file with LF'
  if (!text.startsWith('{') || text.endsWith('}')) return undefined
  if (text.endsWith('},')) return 'remove the comma after each object'
  return format === 'jsonl'
    ? 'in JSON Lines each object is on one line: for objects over several lines leave out --format jsonl'
    : undefined
}
