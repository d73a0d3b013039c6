import { linesOf } from '../../source/lines.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import type { BatchFile, BatchFileOptions } from '../batch-file.ts'
import { type Row, hasId, idMaker, requestOf } from '../row.ts'
import { jsonArrayRecords } from './json-array.ts'
import { type KeyColumns, columnFinder } from './json-columns.ts'
import { type JsonObject, objectIdText, readObject } from './json-object.ts'
import { jsonRejects, readRejected } from './json-rejects.ts'
import { surveyJson } from './json-survey.ts'

/** Opens a file of JSON objects, one a line or in an array. Each object may have other keys. */
export async function openJsonFile(
  source: Source,
  layout: 'lines' | 'array',
  { batch, reading, options, transform }: BatchFileOptions,
): Promise<BatchFile> {
  const { name: file, encoding } = source
  const records = (): RecordBlocks =>
    layout === 'lines'
      ? jsonLineRecords(linesOf(source.bytes(), file, { encoding: encoding.name }))
      : jsonArrayRecords(source)
  const columnsOf = columnFinder(options)
  // A transform may do without the keys that are needed otherwise.
  const { hasIds } = transform
    ? { hasIds: false }
    : await surveyJson(records(), { file, layout, options, columnsOf })
  const idOf = idMaker(batch, encoding)
  const makeId = hasIds ? undefined : idOf
  /** The id for a record without one: the one that an earlier batch made for it, or a new one. */
  const madeIdOf = (record: RawRecord, earlierId?: string) => earlierId ?? makeId?.(record)
  const { map = {}, currency } = options
  const ids = { map, hasTransform: transform !== undefined }

  return {
    reading,
    hasIds,
    rejects: jsonRejects(layout, ids),
    records,
    row(record: RawRecord, position): Row {
      const { line, item } = record
      const refused = (problem: string, text: string, earlierId?: string) => ({
        position,
        line,
        item,
        text,
        problem,
        madeId: madeIdOf(record, earlierId),
      })
      if (record.problem !== undefined) {
        // What is left of a damaged record could be taken for a whole one, so it is wrapped.
        const text = record.damage ? JSON.stringify({ text: record.text }) : record.text
        return refused(record.problem, text)
      }
      const read = readObject(record.text)
      if ('problem' in read) return refused(read.problem, record.text)
      const rejected = readRejected(read.object, record.text, ids)
      if (rejected && 'problem' in rejected) {
        const problem = `"text" is still not a JSON object (${rejected.problem}): correct it there, or replace it with the keys of the transfer`
        return refused(problem, rejected.text, rejected.madeId)
      }
      const { text } = rejected ?? record
      const { object } = rejected ?? read
      if (transform) {
        const madeId = rejected?.madeId ?? idOf(record)
        return transform.row({ position, line, item, text, madeId }, object, () => {
          const columns = columnsOf(object)
          if ('problem' in columns) return columns
          return requestOf(valuesOf(object, columns), columns, { madeId: undefined, currency })
        })
      }
      const columns = columnsOf(object)
      if ('problem' in columns) return refused(columns.problem, text, rejected?.madeId)
      const value = valuesOf(object, columns)
      const madeId = hasId(value, columns) ? undefined : madeIdOf(record, rejected?.madeId)
      const request = requestOf(value, columns, { madeId, currency })
      return { position, line, item, text, request, madeId }
    },
  }
}

/** Leaves out blank lines. Every other line is a record. */
async function* jsonLineRecords(lines: AsyncIterable<RawRecord[]>): RecordBlocks {
  for await (const block of lines) yield block.filter(({ text }) => text.trim() !== '')
}

function valuesOf(object: JsonObject, { keys, indexes }: KeyColumns): (index: number) => unknown {
  return (index) => {
    const value = object[keys[index] as string]
    return index === indexes.amount ? value : objectIdText(value)
  }
}
