import { readFile } from 'node:fs/promises'
import { parse } from 'lossless-json'
import { type Keys, requireKnownKeys, requireObject } from '../../arguments.ts'
import { InputError } from '../../errors.ts'
import { openProblem, quote, reasonOf } from '../../messages.ts'
import type { BatchFormat } from '../../models/batch.ts'
import { ReplayOptionsError } from '../errors.ts'
import { checkReadingOptions } from './option-checks.ts'
import type { ReadingOptions } from './reading-options.ts'

export const READING_KEYS: Keys<ReadingOptions> = {
  format: true,
  encoding: true,
  delimiter: true,
  quote: true,
  columns: true,
  skip: true,
  header: true,
  skipLast: true,
  comment: true,
  at: true,
  map: true,
  set: true,
  fields: true,
  where: true,
  decimal: true,
  thousands: true,
  signedDebit: true,
  directions: true,
  skipZero: true,
  currency: true,
  currencies: true,
  dateFormat: true,
  timeZone: true,
  cutReference: true,
  idFrom: true,
  idPrefix: true,
  openMissing: true,
  keep: true,
  spreadsheet: true,
}

/** Does the work of `readFormatFile()`, which ../index.ts documents. */
export const readFormatFile = (path: string): Promise<ReadingOptions> =>
  readFormat(path, (format) => {
    checkFormat(format)
    checkReadingOptions(format)
  })

/**
 * Reads a file with the options that say how to read another file.
 * @throws InputError that names the file, also around what `check` throws
 */
export async function readFormat<Format>(
  path: string,
  check: (format: Format) => void,
): Promise<Format> {
  const fail = (problem: string, cause: unknown): never => {
    throw new InputError(`${quote(path)}: ${problem}`, { cause })
  }
  const text = await readFile(path, 'utf8').catch((error: unknown) =>
    fail(openProblem(error), error),
  )
  let format: unknown
  try {
    format = parse(text.replace(/^\uFEFF/, ''), undefined, Number)
  } catch (error) {
    return fail(`the format file is not JSON: ${reasonOf(error)}`, error)
  }
  try {
    check(format as Format)
  } catch (error) {
    // In a file the names of options are keys.
    fail(reasonOf(error).replaceAll(/'(\w+)'/g, '"$1"'), error)
  }
  return format as Format
}

/** @throws TypeError if a value is not an object with the keys of a format */
function checkFormat(format: unknown): asserts format is ReadingOptions {
  requireObject(format, 'the format', 'an object such as { "map": { "from": "Payer" } }')
  requireKnownKeys(format as ReadingOptions, READING_KEYS, 'the format')
}

/** Options in which `format` may be a whole format. */
export interface OptionsWithFormat extends Omit<ReadingOptions, 'format'> {
  /**
   * The format of the file, or an object with the options that say how it is read, as in a format file. Options beside
   * it win over those in it; `map`, `set`, `fields`, `where` and `currencies` are merged key by key. Default: by the file's
   * extension, else by its first character.
   */
  readonly format?: BatchFormat | ReadingOptions | undefined
}

/** Options whose `format` is not an object any more. */
export type WithFormat<Options extends OptionsWithFormat> = Omit<Options, 'format'> &
  Pick<ReadingOptions, 'format'>

/**
 * The options of a call together with those of its format.
 * @throws ReplayOptionsError if the format is not one
 */
export function withFormat<Options extends OptionsWithFormat>(
  options: Options,
): WithFormat<Options> {
  const { format, ...beside } = options
  if (typeof format !== 'object' || format === null) return options as WithFormat<Options>
  try {
    checkFormat(format)
  } catch (error) {
    throw new ReplayOptionsError(reasonOf(error), { cause: error })
  }
  const given = Object.fromEntries(
    Object.entries(beside).filter(([, value]) => value !== undefined),
  ) as ReadingOptions
  const merged = { ...format, ...given }
  const parts = MERGED.map((name) => [name, mergedPart(format[name], given[name])] as const)
  return {
    ...merged,
    ...Object.fromEntries(parts.filter(([, part]) => part !== undefined)),
  } as unknown as WithFormat<Options>
}

const MERGED = ['map', 'set', 'fields', 'where', 'currencies'] as const

/** An option that has keys of its own. One that is wrong stays as it is, for the checks. */
const mergedPart = (inFormat: unknown, given: unknown): unknown =>
  isObject(inFormat) && isObject(given) ? { ...inFormat, ...given } : (given ?? inFormat)

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
