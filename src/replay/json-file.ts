import type { BatchFile, BatchFileOptions, Reject } from './batch-file.ts'
import { type ColumnMap, findColumns } from './columns.ts'
import { BatchFileError } from './errors.ts'
import { type JsonObject, jsonLineRecords, readObject } from './json.ts'
import { jsonArrayRecords } from './json-array.ts'
import { linesOf } from './lines.ts'
import type { RawRecord, RecordBlocks } from './record.ts'
import { type Row, type RowColumns, idMaker, keptColumns, requestOf } from './row.ts'
import type { Source } from './source.ts'

/** What stands first in a record of a file of rejects. It is left out when that is replayed. */
const MARKS = /^\s*\{"code":"(?:[^"\\]|\\.)*","message":"(?:[^"\\]|\\.)*","line":\d+,?/

/** Opens a file of JSON objects: finds out in its first one what their parts hold. */
export async function openJson(
  source: Source,
  shape: 'lines' | 'array',
  { batch, reading, options }: BatchFileOptions,
): Promise<BatchFile> {
  const records = (): RecordBlocks =>
    shape === 'lines'
      ? jsonLineRecords(linesOf(source.bytes(), source.name))
      : jsonArrayRecords(source.bytes(), source.name)
  const first = await readFirst(records(), source)
  if (!first && shape === 'lines') {
    throw new BatchFileError(source.name, 'the file is empty: a JSON object a line was expected')
  }
  const isMarked = first !== undefined && MARKS.test(first.text)
  const unmarked = (text: string) => (isMarked ? text.replace(MARKS, '{') : text)
  const { map = {}, keep = false, currency } = options

  let hasMadeIds = false
  if (first) {
    const { line } = first
    const read = readObject(unmarked(first.text))
    const columns = 'problem' in read ? read : columnsOf(Object.keys(read.object), { map, keep })
    if ('problem' in columns) throw new BatchFileError(source.name, columns.problem, { line })
    hasMadeIds = columns.indexes.transferId === undefined
  }
  const makeId = hasMadeIds ? idMaker(batch) : undefined
  const known = new Map<string, RowColumns | { problem: string }>()

  return {
    reading,
    rejects: rejectsFormat(shape, hasMadeIds),
    records,
    row(record: RawRecord, position): Row {
      const { line, item } = record
      const text = unmarked(record.text)
      const madeId = makeId?.(record)
      const refused = (problem: string) => ({ position, line, item, text, problem, madeId })
      if (record.problem !== undefined) return refused(record.problem)
      const read = readObject(text)
      if ('problem' in read) return refused(read.problem)
      const keys = Object.keys(read.object)
      const signature = keys.join('\0')
      let columns = known.get(signature)
      if (!columns) {
        columns = columnsOf(keys, { map, keep, isLenient: true })
        if (known.size < KNOWN_MOST) known.set(signature, columns)
      }
      if ('problem' in columns) return refused(columns.problem)
      const request = requestOf((index) => read.object[keys[index] as string], columns, {
        transferId: madeId,
        currency,
      })
      return { position, line, item, text, request, madeId }
    },
  }
}

/** How many different sets of keys are remembered: a file usually has one, or a few. */
const KNOWN_MOST = 1_000

function columnsOf(
  keys: readonly string[],
  options: { map: ColumnMap; keep: boolean | readonly string[]; isLenient?: boolean },
): RowColumns | { problem: string } {
  const found = findColumns(keys, options)
  if ('problem' in found) return found
  const { keep, isLenient } = options
  // A key that is not in every record is nothing to refuse a record for.
  const asked = isLenient && keep !== true && keep ? keep.filter((key) => keys.includes(key)) : keep
  const kept = keptColumns(keys, found.indexes, asked)
  return 'problem' in kept ? kept : { indexes: found.indexes, kept }
}

/** The first record that is an object. That there is none though there are records says the file is something else. */
async function readFirst(records: RecordBlocks, source: Source): Promise<RawRecord | undefined> {
  let broken: { line: number; problem: string } | undefined
  for await (const block of records) {
    for (const record of block) {
      const read =
        record.problem === undefined ? readObject(record.text) : { problem: record.problem }
      if ('object' in read) return record
      broken ??= { line: record.line, problem: read.problem }
    }
  }
  if (!broken) return undefined
  const { line, problem } = broken
  throw new BatchFileError(source.name, `${problem}; nor is there a JSON object after it`, { line })
}

function rejectsFormat(shape: 'lines' | 'array', hasMadeIds: boolean) {
  const isArray = shape === 'array'
  return {
    head: isArray ? '[\n' : '',
    separator: isArray ? ',\n' : '\n',
    tail: isArray ? '\n]\n' : '\n',
    write({ code, message, line, transferId, text }: Reject): string {
      const marks: JsonObject = { code, message, line, ...(hasMadeIds ? { transferId } : {}) }
      const isObject = 'object' in readObject(text)
      const parts = isObject ? text.trim().slice(1).trimStart() : `"text":${JSON.stringify(text)}}`
      const own = JSON.stringify(marks).slice(0, -1)
      return parts === '}' ? `${own}}` : `${own},${parts}`
    },
  }
}
