import { quote as quoted } from '../../messages.ts'
import { isCurrency } from '../../money/currency.ts'
import { refuse } from '../errors.ts'
import type { Source } from '../source/source.ts'
import type { BatchFile, ReadingOptions } from './batch-file.ts'
import { REQUIRED, ROLES } from './columns.ts'
import { openSeparated } from './csv/separated.ts'
import { openJson } from './json/json-file.ts'

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
    refuse((of) => `${of('format')} is csv, tsv, jsonl or json, and ${quoted(format)} is not`)
  }
  if (delimiter !== undefined && !/^[^\r\n"]{1,8}$/.test(delimiter)) {
    refuse(
      (of) =>
        `a delimiter is 1–8 characters on one line with no quote among them, and ${of('delimiter')} ${quoted(delimiter)} is not`,
    )
  }
  if (quote !== undefined && !/^[^\r\n\t ]?$/.test(quote)) {
    refuse(
      (of) =>
        `a quote is one character that is no space, or none, and ${of('quote')} ${quoted(quote)} is not`,
    )
  }
  if (format === 'tsv' && delimiter !== undefined && delimiter !== '\t') {
    refuse(
      (of) =>
        `${of('format')} tsv is delimited by tabs, so ${of('delimiter')} ${quoted(delimiter)} is for ${of('format')} csv`,
    )
  }
  if (columns?.length === 0) refuse((of) => `${of('columns')} names no column`)
  const unnamed = columns?.findIndex((column) => column.trim() === '') ?? -1
  if (unnamed >= 0) {
    refuse((of) => `${of('columns')}: column ${unnamed + 1} has no name, and each needs one`)
  }
  if (format?.startsWith('json')) refuseForJson(options)
  const without = REQUIRED.find((role) => map[role] === null)
  if (without !== undefined) {
    refuse((of) => `${of('map')} says that no column is the ${without}, which every transfer has`)
  }
  const role = Object.keys(map).find((key) => !(ROLES as readonly string[]).includes(key))
  if (role !== undefined) {
    refuse(
      (of) =>
        `a column cannot be mapped as ${quoted(role)} by ${of('map')}: ${ROLES.join(', ')} are known`,
    )
  }
  if (currency !== undefined && !isCurrency(currency)) {
    refuse(
      (of) =>
        `${of('currency')} ${quoted(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
}

function refuseForJson({ delimiter, quote, columns }: ReadingOptions): void {
  if (delimiter === undefined && quote === undefined && columns === undefined) return
  refuse(
    (of) =>
      `${of('delimiter')}, ${of('quote')} and ${of('columns')} are for CSV files: JSON has none`,
  )
}

/** Opens a source as a batch, in the format that is asked for, or that its name or its first character tells. */
export async function openBatchFile(
  source: Source,
  { batch, options }: { batch: string; options: ReadingOptions },
): Promise<BatchFile> {
  const extension = /\.([^.]+?)(?:\.gz)?$/i.exec(source.baseName ?? '')?.[1]?.toLowerCase() ?? ''
  const format = options.format ?? EXTENSIONS[extension]
  // What is called JSON Lines may be an array all the same; only --format says that it is none.
  const isKnown = format === 'csv' || format === 'tsv' || options.format === 'jsonl'
  const shape = isKnown ? format : await shapeOf(source, format === undefined ? 'csv' : 'jsonl')
  const { columns, map = {}, currency, keep = false } = options
  if (shape === 'csv' || shape === 'tsv') {
    const told = options.delimiter === undefined && (await toldDelimiter(source))
    const { delimiter = told || (shape === 'tsv' ? '\t' : ','), quote = '"' } = options
    const preface = told ? `sep=${told}\n` : ''
    if (quote !== '' && delimiter.includes(quote)) {
      refuse(
        (of) =>
          `a quote is one character that is not in the delimiter, and ${of('quote')} ${quoted(quote)} is in ${quoted(delimiter)}`,
      )
    }
    const reading = describe({ format: 'csv', delimiter, quote, columns, map, currency, keep })
    const separated = { batch, reading, options, preface }
    return await openSeparated(source, { delimiter, quote }, separated)
  }
  refuseForJson(options)
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

/** The delimiter that the first line tells, as Excel reads and writes it. */
async function toldDelimiter(source: Source): Promise<string | undefined> {
  for await (const block of source.bytes()) {
    return /^(?:\xEF\xBB\xBF)?"?sep=(.)"?\r?\n/i.exec(block.toString('latin1', 0, 16))?.[1]
  }
  return undefined
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
