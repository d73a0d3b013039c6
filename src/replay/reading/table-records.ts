import { BatchFileError } from '../errors.ts'
import { openSource } from '../source/source.ts'
import { openInFormat } from './format.ts'
import { checkReadingOptions } from './option-checks.ts'
import type { ReadingOptions } from './reading-options.ts'

/** How to read a table, apart from what its columns mean. */
export type TableOptions = Pick<
  ReadingOptions,
  'encoding' | 'delimiter' | 'quote' | 'columns' | 'skip' | 'header' | 'skipLast' | 'comment'
>

/**
 * A record of a table: the text of each column by its name, in the order of the columns and with the spaces at its ends; or
 * why it cannot be read.
 */
export type TableRecord =
  | { readonly line: number; readonly record: Readonly<Record<string, string>> }
  | { readonly line: number; readonly problem: string }

/**
 * Reads the records of a CSV or TSV file that need not be one of transfers, as a replay reads them.
 * @throws BatchFileError if the file cannot be read; ReplayOptionsError if an option is not valid
 */
export async function* tableRecords(
  file: string,
  options: TableOptions,
): AsyncGenerator<TableRecord, void, undefined> {
  const format = /\.(?:tsv|tab)(?:\.gz)?$/i.test(file) ? 'tsv' : 'csv'
  const reading = { ...options, format } as const
  checkReadingOptions(reading)
  const source = await openSource({ file, encoding: options.encoding })
  let latest: Readonly<Record<string, string>> | undefined
  const transform = (record: Record<string, string>) => {
    latest = record
    return []
  }
  try {
    const batch = {
      batch: 'table',
      options: reading,
      transform: { transform, version: '1' },
      isVerbatim: true,
    }
    const table = await openInFormat(source, batch)
    let position = 0
    for await (const block of table.records()) {
      for (const raw of block) {
        latest = undefined
        const { line, problem } = table.row(raw, ++position)
        if (latest) yield { line, record: latest }
        else yield { line, problem: problem ?? 'the line cannot be read' }
      }
    }
    if (position === 0) throw new BatchFileError(file, 'the file is empty')
  } finally {
    await source.close()
  }
}
