import type { OwnFields } from '../../ledger/own-fields.ts'
import { quote as quoted } from '../../messages.ts'
import type { BatchFormat } from '../../models/batch.ts'
import { BatchFileError, ReplayOptionsError } from '../errors.ts'
import { isUtf8 } from '../source/encoding.ts'
import type { RecordBlocks } from '../source/raw-record.ts'
import type { Source } from '../source/source.ts'
import type { BatchFile } from './batch-file.ts'
import { openCsvFile } from './csv/csv-file.ts'
import type { JsonLayout } from './json/element-splitter.ts'
import { openJsonFile } from './json/json-file.ts'
import { layoutOfObjects } from './json/json-layout.ts'
import { refuseCsvOptions, refuseJsonOptions } from './option-checks.ts'
import { holdsRejects, ownRecords } from './own-records.ts'
import { requireOwnFields, requireOwnFieldsToOpen } from './own-field-reader.ts'
import { type ReadingOptions, readingText } from './reading-options.ts'
import { RestoringTransform } from './restoring-transform.ts'
import { RecordTransform, type Transform } from './transform.ts'

const FORMATS_BY_EXTENSION: Readonly<Record<string, BatchFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
}

interface OpenOptions {
  readonly batch: string
  readonly options: ReadingOptions
  readonly transform?: Transform<never> | undefined
  /** Whether the file is one that an export has written. */
  readonly restore?: boolean | undefined
  /** Whether a transform gets the fields of a CSV file with the spaces at their ends. Default: false. */
  readonly isVerbatim?: boolean | undefined
  /** The own fields of the ledger's transfers, if they have any. */
  readonly ownFields?: OwnFields | undefined
  /** Those of its accounts. */
  readonly accountFields?: OwnFields | undefined
  /** Reads the records of a file in a format of its own, each as JSON. */
  readonly ownRecords?: () => RecordBlocks
}

/** Opens a source as a batch. The options, the file's extension or its first character decide the format. */
export async function openBatchFile(source: Source, open: OpenOptions): Promise<BatchFile> {
  const file = await openInFormat(source, open)
  if (open.restore) return { ...file, hasIds: true }
  return open.transform ? { ...file, hasIds: await givesIds(file, source.name) } : file
}

/**
 * Whether a transform gives ids of its own to the transfers of a file. Its first record with a transfer decides, as the
 * first object does in JSON.
 */
async function givesIds(file: BatchFile, name: string): Promise<boolean> {
  let position = 0
  let isEmpty = true
  for await (const block of file.records()) {
    isEmpty = false
    for (const record of block) {
      const { request, madeId } = file.row(record, ++position)
      // A hold that has an id says nothing about transfers.
      if (request && (request.kind === undefined || madeId !== undefined)) {
        return madeId === undefined
      }
    }
  }
  if (isEmpty) throw new BatchFileError(name, 'the file is empty')
  return true
}

const recordTransformOf = ({
  options,
  transform,
  restore,
  ownFields,
  isVerbatim,
}: OpenOptions): RecordTransform | undefined =>
  restore
    ? new RestoringTransform(ownFields)
    : transform &&
      new RecordTransform(transform, { currency: options.currency, ownFields, isVerbatim })

/** {@link openBatchFile} without the search for ids, which a caller that posts nothing does not need. */
export async function openInFormat(source: Source, open: OpenOptions): Promise<BatchFile> {
  const { options, transform, ownFields } = open
  requireOwnFields(options.fields, ownFields)
  requireOwnFieldsToOpen(options, open.accountFields)
  const read = transform?.read
  if (read && !(await holdsRejects(source))) {
    refuseLayout(options)
    return await openJson(source, 'lines', { ...open, ownRecords: () => ownRecords(source, read) })
  }
  const extension = /\.([^.]+?)(?:\.gz)?$/i.exec(source.baseName ?? '')?.[1]?.toLowerCase() ?? ''
  const format = options.format ?? FORMATS_BY_EXTENSION[extension]
  if (format === 'csv' || format === 'tsv') return await openCsv(source, format, open)
  if (options.at !== undefined) return await openJson(source, 'wrapped', open)
  // A file named .jsonl may still hold an array or long objects; with `--format jsonl` it is read as lines.
  const content =
    options.format === 'jsonl'
      ? 'lines'
      : await detectContent(source, format === undefined ? 'csv' : 'lines')
  return content === 'csv'
    ? await openCsv(source, content, open)
    : await openJson(source, content, open)
}

function refuseLayout({ format, at }: ReadingOptions): void {
  if (format === undefined && at === undefined) return
  throw new ReplayOptionsError(
    "'format' and 'at' cannot be combined with a transform that reads the file itself: leave them out",
  )
}

async function openCsv(
  source: Source,
  format: 'csv' | 'tsv',
  open: OpenOptions,
): Promise<BatchFile> {
  const { batch, options, ownFields } = open
  const transform = recordTransformOf(open)
  refuseJsonOptions(options)
  const { columns, currency, keep = false } = options
  const excelDelimiter =
    options.delimiter === undefined ? await readSeparatorLine(source) : undefined
  const { delimiter = excelDelimiter ?? (format === 'tsv' ? '\t' : ','), quote = '"' } = options
  if (quote !== '' && delimiter.includes(quote)) {
    throw new ReplayOptionsError(
      `'quote' ${quoted(quote)} is part of the delimiter ${quoted(delimiter)}: choose another quote or delimiter`,
    )
  }
  const encoding = encodingText(options)
  const parts = { format: 'csv', delimiter, quote, columns, currency, keep, encoding }
  const reading = readingText({ ...parts, transform: transform?.version }, options)
  const separatorLine = excelDelimiter === undefined ? '' : `sep=${excelDelimiter}\n`
  const dialect = { delimiter, quote }
  return await openCsvFile(source, dialect, {
    batch,
    reading,
    options,
    transform,
    ownFields,
    separatorLine,
  })
}

/** What `reading` calls the layouts of JSON. */
const FORMATS_BY_LAYOUT: Readonly<Record<JsonLayout, string>> = {
  lines: 'jsonl',
  array: 'array',
  wrapped: 'array',
  objects: 'objects',
}

async function openJson(source: Source, layout: JsonLayout, open: OpenOptions): Promise<BatchFile> {
  const { batch, options, ownFields } = open
  const transform = recordTransformOf(open)
  refuseCsvOptions(options)
  const { currency, keep = false } = options
  const format = FORMATS_BY_LAYOUT[layout]
  const encoding = encodingText(options)
  const parts = { format, currency, keep, encoding, transform: transform?.version }
  const reading = readingText(parts, options)
  const { ownRecords: found } = open
  return await openJsonFile(source, layout, {
    batch,
    reading,
    options,
    transform,
    ownFields,
    ownRecords: found,
  })
}

/** An encoding's name to compare; undefined for the default. */
const encodingText = ({ encoding }: ReadingOptions): string | undefined =>
  encoding === undefined || isUtf8(encoding) ? undefined : encoding.toLowerCase()

/** The delimiter from a first line such as `sep=;`, which Excel writes and reads. */
async function readSeparatorLine(source: Source): Promise<string | undefined> {
  for await (const block of source.bytes()) {
    return /^(?:\xEF\xBB\xBF)?"?sep=(.)"?\r?\n/i.exec(block.toString('latin1', 0, 16))?.[1]
  }
  return undefined
}

/** What a file contains, by its first character or object; `fallback` if that does not show it. */
async function detectContent(
  source: Source,
  fallback: 'csv' | 'lines',
): Promise<'csv' | 'lines' | 'array' | 'objects'> {
  for await (const block of source.bytes()) {
    const [character] = block.toString('latin1').replace(/^(?:\xEF\xBB\xBF)?\s*/, '')
    if (character === '[') return 'array'
    if (character === '{') return await layoutOfObjects(source)
    if (character !== undefined) return fallback
  }
  return fallback
}
