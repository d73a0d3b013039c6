import { linesOf } from '../../source/lines.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import type { BatchFile, BatchFileOptions } from '../batch-file.ts'
import { type Row, idMaker, lacksId, requestOf } from '../row.ts'
import { jsonArrayRecords } from './json-array.ts'
import { jsonRejects, readRejected } from './json-rejects.ts'
import { columnFinder, type KeyColumns, surveyJson } from './json-survey.ts'
import { type JsonObject, jsonLineRecords, objectIdText, readObject } from './json-object.ts'

/** Opens a file of JSON objects. What their parts hold is found out for each set of keys. */
export async function openJsonFile(
  source: Source,
  shape: 'lines' | 'array',
  { batch, reading, options }: BatchFileOptions,
): Promise<BatchFile> {
  const records = (): RecordBlocks =>
    shape === 'lines'
      ? jsonLineRecords(linesOf(source.bytes(), source.name))
      : jsonArrayRecords(source.bytes(), source.name)
  const columnsOf = columnFinder(options)
  const { hasIds } = await surveyJson(records(), { file: source.name, shape, options, columnsOf })
  const makeId = hasIds ? undefined : idMaker(batch)
  /** The id of a record that has none of its own: what an earlier batch made for it, or this one does. */
  const idMadeFor = (record: RawRecord, madeId?: string) => madeId ?? makeId?.(record)
  const { map = {}, currency } = options

  return {
    reading,
    hasIds,
    rejects: jsonRejects(shape, map),
    records,
    row(record: RawRecord, position): Row {
      const { line, item } = record
      const refused = (problem: string, text: string, madeId?: string) => ({
        position,
        line,
        item,
        text,
        problem,
        madeId: idMadeFor(record, madeId),
      })
      if (record.problem !== undefined) {
        // As an object it might be taken for the record that it was.
        const text = record.damage ? JSON.stringify({ text: record.text }) : record.text
        return refused(record.problem, text)
      }
      const read = readObject(record.text)
      if ('problem' in read) return refused(read.problem, record.text)
      const rejected = readRejected(read.object, record.text, map)
      if (rejected && 'problem' in rejected) {
        const problem = `what stands in "text" is no JSON object yet (${rejected.problem}): mend it there, or put the transfer's keys in its place`
        return refused(problem, rejected.text, rejected.madeId)
      }
      const { text } = rejected ?? record
      const { object } = rejected ?? read
      const columns = columnsOf(object)
      if ('problem' in columns) return refused(columns.problem, text, rejected?.madeId)
      const value = valueIn(object, columns)
      const madeId = lacksId(value, columns) ? idMadeFor(record, rejected?.madeId) : undefined
      const request = requestOf(value, columns, { madeId, currency })
      return { position, line, item, text, request, madeId }
    },
  }
}

function valueIn(object: JsonObject, { keys, indexes }: KeyColumns): (index: number) => unknown {
  return (index) => {
    const value = object[keys[index] as string]
    return index === indexes.amount ? value : objectIdText(value)
  }
}
