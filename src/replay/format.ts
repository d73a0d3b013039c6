import type { BatchFile, ReadingOptions } from './batch-file.ts'
import { ROLES } from './columns.ts'
import { BatchFileError, refuse } from './errors.ts'
import { openJson } from './json-file.ts'
import { isCurrency } from '../money.ts'
import { openSeparated } from './separated.ts'
import type { Source } from './source.ts'

type Format = 'csv' | 'tsv' | 'jsonl' | 'json'

const EXTENSIONS: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
}

/** Refuses what no file could be read with. */
export function checkReadingOptions(options: ReadingOptions): void {
  const { format, delimiter, quote, columns, map = {}, currency } = options
  if (format !== undefined && !Object.values(EXTENSIONS).includes(format)) {
    refuse(`format ${JSON.stringify(format)} is not known: csv, tsv, jsonl and json are`)
  }
  if (delimiter !== undefined && !/^[^\r\n"]{1,8}$/.test(delimiter)) {
    refuse('a delimiter is 1–8 characters on one line, with no quote among them')
  }
  if (quote !== undefined && (!/^[^\r\n]?$/.test(quote) || (quote && delimiter?.includes(quote)))) {
    refuse('a quote is one character that is not in the delimiter, or none')
  }
  if (columns && columns.length === 0) refuse('columns names no column')
  if (format?.startsWith('json') && (delimiter ?? quote ?? columns) !== undefined) {
    refuse('delimiter, quote and columns are for CSV files: JSON has none')
  }
  const role = Object.keys(map).find((key) => !(ROLES as readonly string[]).includes(key))
  if (role !== undefined) {
    refuse(`a column cannot be mapped as ${JSON.stringify(role)}: ${ROLES.join(', ')} are known`)
  }
  if (currency !== undefined && !isCurrency(currency)) {
    refuse(`currency ${JSON.stringify(currency)} is not an ISO 4217 code in capitals, such as USD`)
  }
}

/** Opens a source as a batch, in the format that is asked for, or that its name or its first character tells. */
export async function openBatchFile(
  source: Source,
  { batch, options }: { batch: string; options: ReadingOptions },
): Promise<BatchFile> {
  const extension = /\.([^.]+?)(?:\.gz)?$/i.exec(source.baseName ?? '')?.[1]?.toLowerCase() ?? ''
  const format = options.format ?? EXTENSIONS[extension]
  const shape =
    format === undefined || format === 'json'
      ? await shapeOf(source, format === 'json' ? 'jsonl' : 'csv')
      : format
  const { columns, map = {}, currency, keep = false } = options
  if (shape === 'csv' || shape === 'tsv') {
    const { delimiter = shape === 'tsv' ? '\t' : ',', quote = '"' } = options
    const reading = describe({ format: 'csv', delimiter, quote, columns, map, currency, keep })
    return await openSeparated(source, { delimiter, quote }, { batch, reading, options })
  }
  if (options.columns || options.delimiter !== undefined || options.quote !== undefined) {
    const problem = 'delimiter, quote and columns are for CSV files, and this is JSON'
    throw new BatchFileError(source.name, problem)
  }
  const reading = describe({ format: shape, map, currency, keep })
  const layout = shape === 'array' ? 'array' : 'lines'
  return await openJson(source, layout, { batch, reading, options })
}

/** The options that change what a file means, as text that is the same whenever they are. */
function describe(options: Record<string, unknown>): string {
  const { map, ...others } = options
  const roles = Object.entries(map as object).filter(([, column]) => column !== undefined)
  roles.sort(([one], [other]) => (one < other ? -1 : 1))
  return JSON.stringify({ ...others, map: Object.fromEntries(roles) })
}

async function shapeOf(
  source: Source,
  otherwise: 'csv' | 'jsonl',
): Promise<'csv' | 'jsonl' | 'array'> {
  for await (const block of source.bytes()) {
    const [character] = block.toString('latin1').replace(/^(?:\xEF\xBB\xBF)?\s*/, '')
    if (character === '[') return 'array'
    if (character === '{') return 'jsonl'
    if (character !== undefined) return otherwise
  }
  return otherwise
}
