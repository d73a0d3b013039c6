import { Readable } from 'node:stream'
import type { IdentifiedRequest } from '../../src/ledger/request.ts'
import { openBatchFile } from '../../src/replay/reading/format.ts'
import { checkReadingOptions } from '../../src/replay/reading/option-checks.ts'
import type { ReadingOptions } from '../../src/replay/reading/reading-options.ts'
import type { Row } from '../../src/replay/reading/row.ts'
import { openSource } from '../../src/replay/source/source.ts'

/** A row of a file that has only transfers. */
type TransferRow = Row & { readonly request?: IdentifiedRequest | undefined }

/** Reads the rows of a text as those of a batch named `batch`, without a database. */
export async function readRows(
  content: string | Buffer,
  options: ReadingOptions = {},
): Promise<{ rows: TransferRow[]; timeZone: string | undefined; reading: string }> {
  checkReadingOptions(options)
  const source = await openSource({
    file: '-',
    stdin: Readable.from([Buffer.from(content)]),
    ...options,
  })
  try {
    const file = await openBatchFile(source, { batch: 'batch', options })
    const rows: Row[] = []
    for await (const block of file.records()) {
      for (const record of block) rows.push(file.row(record, rows.length + 1))
    }
    return { rows: rows as TransferRow[], timeZone: file.timeZone(), reading: file.reading }
  } finally {
    await source.close()
  }
}

/** What each record of a text asks for: a request, why it is skipped, or its problem. */
export async function outcomesOf(
  content: string | Buffer,
  options: ReadingOptions = {},
): Promise<string[]> {
  const { rows } = await readRows(content, options)
  return rows.map(({ request, skipped, problem }) => {
    if (!request) return skipped === undefined ? `refused: ${problem}` : `skipped: ${skipped}`
    const { from, to, amount, currency, reference, effectiveAt } = request
    const date = effectiveAt?.toISOString().replace('T00:00:00.000Z', '')
    return [from, to, amount, currency, reference, date]
      .filter((part) => part !== undefined)
      .join(' ')
  })
}
