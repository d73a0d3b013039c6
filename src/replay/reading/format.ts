import { quote as quoted } from '../../messages.ts'
import { refuse } from '../errors.ts'
import type { Source } from '../source/source.ts'
import type { BatchFile } from './batch-file.ts'
import { openCsvFile } from './csv/csv-file.ts'
import { openJsonFile } from './json/json-file.ts'
import { type Format, type ReadingOptions, refuseForJson } from './reading-options.ts'

const EXTENSIONS: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
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
    return await openCsvFile(source, { delimiter, quote }, separated)
  }
  refuseForJson(options)
  const reading = describe({ format: shape, map, currency, keep })
  const layout = shape === 'array' ? 'array' : 'lines'
  return await openJsonFile(source, layout, { batch, reading, options })
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
