import { BatchFileError } from '../../errors.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordBlocks } from '../../source/raw-record.ts'
import { type Dialect, withoutReturn } from './dialect.ts'
import { OpenRecord } from './open-record.ts'

/**
 * Joins lines into records where a quoted field holds line ends, and leaves blank lines out. A line with
 * no quote in it, the usual one, is passed on as it is; one that is damaged opens and closes fields as
 * any other. A quote that never closes is an {@link BatchFileError}.
 */
export async function* csvRecords(
  lines: AsyncIterable<RawRecord[]>,
  dialect: Dialect,
  file: string,
): RecordBlocks {
  const { quote } = dialect
  let open: OpenRecord | undefined
  for await (const block of lines) {
    const records: RawRecord[] = []
    for (const line of block) {
      if (!open && (quote === '' || !line.text.includes(quote))) {
        const text = withoutReturn(line.text)
        if (isBlankLine(text, dialect)) continue
        records.push(text === line.text ? line : { ...line, text })
        continue
      }
      open ??= new OpenRecord(line, dialect)
      const record = open.add(line)
      if (open.length > MAX_RECORD_BYTES) {
        throw unclosed(file, open, `is not closed within ${MAX_RECORD_BYTES} characters`)
      }
      if (!record) continue
      records.push(record)
      open = undefined
    }
    yield records
  }
  if (open) throw unclosed(file, open, 'never closes')
}

const isBlankLine = (text: string, { delimiter }: Dialect): boolean =>
  text.trim() === '' && !text.includes(delimiter)

const unclosed = (file: string, { opened }: OpenRecord, problem: string): BatchFileError =>
  new BatchFileError(
    file,
    `the quote that opens here ${problem}: nothing after it can be read; where quotes are text like any other, say so with --quote ''`,
    opened,
  )

/** The fields of a record, each as it was read. */
export const fieldsOf = (record: RawRecord, { delimiter }: Dialect): readonly string[] =>
  record.fields ?? record.text.split(delimiter)
