import { quote } from '../../../messages.ts'
import { BatchFileError } from '../../errors.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { findColumns } from '../columns.ts'
import { type RowColumns, keptColumns } from '../row.ts'
import { readRejected } from './json-rejects.ts'
import { type JsonObject, readObject } from './json-object.ts'

interface SurveyOptions {
  readonly file: string
  readonly shape: 'lines' | 'array'
  readonly options: ReadingOptions
  readonly columnsOf: ColumnsOf
}

/**
 * Reads as much of a file as shows that it is what it should be: usually its first record. That none of
 * its records can be read as a transfer, or that none has a key that an option names, says that the file
 * or the options are others. What a file of rejects holds may well be unreadable, all of it.
 */
export async function surveyJson(
  records: RecordBlocks,
  { file, shape, options, columnsOf }: SurveyOptions,
): Promise<{ hasIds: boolean }> {
  const unseen = namedKeys(options)
  let isEmpty = true
  let hasIds: boolean | undefined
  let broken: { line: number; problem: string; isObject: boolean } | undefined
  for await (const block of records) {
    isEmpty = false
    for (const record of block) {
      const read = readRecord(record)
      if ('problem' in read) {
        broken ??= { line: record.line, problem: read.problem, isObject: false }
        continue
      }
      if (readRejected(read.object, record.text, options.map)) return { hasIds: true }
      const columns = columnsOf(read.object)
      for (const key of Object.keys(read.object)) unseen.delete(key)
      if ('problem' in columns) {
        if (!broken?.isObject) {
          broken = { line: record.line, problem: columns.problem, isObject: true }
        }
      } else {
        hasIds ??= columns.indexes.transferId !== undefined
      }
      if (hasIds !== undefined && unseen.size === 0) return { hasIds }
    }
  }
  if (isEmpty && shape === 'lines') {
    throw new BatchFileError(file, 'the file is empty: a JSON object a line was expected')
  }
  if (hasIds === undefined && broken) {
    const { line, problem, isObject } = broken
    const others = isObject
      ? 'nor can any other object be read as a transfer'
      : 'nor is there a JSON object after it'
    throw new BatchFileError(file, `${problem}; ${others}`, { line })
  }
  const [missing] = broken || hasIds !== undefined ? unseen : []
  if (missing !== undefined) {
    const hint = missing.startsWith('#') ? ': keys are in no order to be counted' : ''
    const problem = `no object has a key named ${quote(missing)}, which an option names${hint}`
    throw new BatchFileError(file, problem)
  }
  return { hasIds: hasIds ?? false }
}

/** The keys that the options name. */
function namedKeys({ map = {}, keep = false }: ReadingOptions): Set<string> {
  const kept = typeof keep === 'boolean' ? [] : keep
  return new Set([...Object.values(map), ...kept].filter((key) => typeof key === 'string'))
}

function readRecord(record: RawRecord): ReturnType<typeof readObject> {
  if (record.problem !== undefined) return { problem: record.problem }
  const read = readObject(record.text)
  const text = record.text.trim()
  if ('problem' in read && text.includes('\r')) {
    return { problem: `${read.problem}; the lines seem to end in CR alone: save the file with LF` }
  }
  if ('object' in read || !text.startsWith('{') || text.endsWith('}')) return read
  if (text.endsWith('},')) {
    return { problem: `${read.problem}; no comma follows an object of JSON Lines` }
  }
  const hint =
    'an object stands on one line here, and this one has several, as mongoexport --pretty writes them: write them without, or as an array'
  return { problem: `${read.problem}; ${hint}` }
}

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
