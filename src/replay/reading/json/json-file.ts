import { objectIdText } from '../../../ledger/field-values.ts'
import { linesOf } from '../../source/lines.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import type { BatchFile, BatchFileOptions } from '../batch-file.ts'
import { RowMaker } from '../row-maker.ts'
import type { Row } from '../row.ts'
import { ZoneUse } from '../zone-use.ts'
import type { JsonLayout } from './element-splitter.ts'
import { type KeyReader, readerFinder } from './json-columns.ts'
import { jsonElements } from './json-elements.ts'
import { type JsonObject, readObject } from './json-object.ts'
import { jsonRejects, readRejected } from './json-rejects.ts'
import { valueAt } from './nested-values.ts'
import { surveyJson } from './json-survey.ts'

/** Opens a file of JSON objects. Each object may have other keys. */
export async function openJsonFile(
  source: Source,
  layout: JsonLayout,
  { batch, reading, options, transform, ownFields, ownRecords }: BatchFileOptions,
): Promise<BatchFile> {
  const { name: file, encoding } = source
  const ofLayout = (): RecordBlocks =>
    layout === 'lines'
      ? jsonLineRecords(linesOf(source.bytes(), file, { encoding: encoding.name }))
      : jsonElements(source, { layout, at: options.at })
  const records = ownRecords ?? ofLayout
  const zoneUse = new ZoneUse(options)
  const readerOf = readerFinder(options, { ownFields, onZoneUsed: zoneUse.note })
  // A transform may do without the keys that are needed otherwise.
  const { hasIds, warning } = transform
    ? { hasIds: false, warning: undefined }
    : await surveyJson(records(), { file, layout, options, readerOf })
  const rows = new RowMaker({ batch, options, encoding, hasIds, transform })
  const { map = {}, set, idFrom } = options
  const ids = { map, set, areMade: transform !== undefined || idFrom !== undefined }

  return {
    reading,
    hasIds: hasIds || idFrom !== undefined,
    isCumulative: idFrom !== undefined,
    timeZone: zoneUse.zone,
    warnings: (rowsOfBatch) => [
      ...(warning === undefined ? [] : [warning]),
      ...rows.warnings(rowsOfBatch),
    ],
    rejects: jsonRejects({ layout, at: options.at }, ids),
    records,
    row(record: RawRecord, position): Row {
      const { line, item } = record
      const refused = (problem: string, text: string, earlierId?: string) =>
        rows.refused({ position, line, item, text }, problem, earlierId)
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
      const earlierId = rejected?.madeId
      const compiled = readerOf(object)
      if ('problem' in compiled) return refused(compiled.problem, text, earlierId)
      const value = valuesOf(object, compiled)
      const values = { compiled, value, object: () => object }
      return rows.row({ position, line, item, text }, values, rejected)
    },
  }
}

/** Leaves out blank lines. Every other line is a record. */
async function* jsonLineRecords(lines: AsyncIterable<RawRecord[]>): RecordBlocks {
  for await (const block of lines) yield block.filter(({ text }) => text.trim() !== '')
}

function valuesOf(object: JsonObject, { keys, reader }: KeyReader): (index: number) => unknown {
  const amountIndexes = 'problem' in reader ? NO_INDEXES : reader.amountIndexes
  return (index) => {
    const value = valueAt(object, keys[index] as string)
    return amountIndexes.has(index) ? value : objectIdText(value)
  }
}

const NO_INDEXES: ReadonlySet<number> = new Set()
