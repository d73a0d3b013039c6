import { objectIdText, valueOfText } from '../../ledger/field-values.ts'
import type { FieldValues, OwnField, OwnFields } from '../../ledger/own-fields.ts'
import { quote } from '../../messages.ts'
import { ReplayOptionsError } from '../errors.ts'
import { ColumnsError } from './columns.ts'
import type { AccountTexts } from './open-missing.ts'
import type { ReadingOptions } from './reading-options.ts'
import { amountReader } from './values/amounts.ts'
import { dateReader } from './values/dates.ts'
import { Problem } from './values/problem.ts'
import { compileTemplate } from './values/templates.ts'
import { type ValueOf, isMissing } from './values/values.ts'

/** Where the values of a ledger's own fields are in records, and how they are read. */
export interface OwnFieldReader {
  /** The columns that have the name of a field. */
  readonly indexes: readonly number[]
  /** The values that a record has, or why one of them cannot be read. The posting checks them. */
  read(value: ValueOf): FieldValues | Problem
}

type SpellingOptions = Pick<
  ReadingOptions,
  'fields' | 'decimal' | 'thousands' | 'dateFormat' | 'timeZone'
>

interface OwnFieldOptions {
  readonly ownFields: OwnFields
  readonly areKeys?: boolean
  /** Whether an export has written the values: then they stay the texts that they are. */
  readonly isExported?: boolean
  /** Whether a name is that of a value within an object. */
  readonly isNested?: (name: string) => boolean
  readonly onZoneUsed?: () => void
}

/**
 * Makes the function that reads own fields: from the column with exactly a field's name, or from the text that the options
 * have for it.
 * @throws ColumnsError
 */
export function ownFieldReader(
  columns: readonly string[],
  options: SpellingOptions,
  {
    ownFields,
    isNested = () => false,
    areKeys = false,
    isExported = false,
    onZoneUsed = () => undefined,
  }: OwnFieldOptions,
): OwnFieldReader {
  const indexes: number[] = []
  const readers = ownFields.all.flatMap((field) => {
    const { name } = field
    const read = isExported
      ? (found: unknown) => found
      : valueReader(field, options, { areKeys, onZoneUsed })
    const template = options.fields?.[name]
    if (template === null) return []
    if (template !== undefined) {
      const option = `--fields ${name}`
      return [{ name, read, find: compileTemplate(template, columns, { areKeys, option }) }]
    }
    const index = columns.indexOf(name)
    if (index < 0 || isNested(name)) return []
    if (columns.includes(name, index + 1)) {
      throw new ColumnsError(
        `more than one column is named ${quote(name)}, as a field of the ledger’s own: choose one with --fields ${name}={#${index + 1}}`,
      )
    }
    indexes.push(index)
    return [{ name, read, find: (value: ValueOf) => value(index) }]
  })
  return {
    indexes,
    read(value) {
      const values: Record<string, unknown> = {}
      for (const { name, read, find } of readers) {
        const found = find(value)
        if (isMissing(found)) continue
        const result = read(found)
        if (result instanceof Problem) return new Problem(`${name}: ${result.text}`)
        values[name] = result
      }
      return values
    },
  }
}

/** Makes the function that reads a value in the spelling of the file. What is none of its type stays as it is. */
function valueReader(
  { type }: OwnField,
  { decimal, thousands, dateFormat, timeZone = 'UTC' }: SpellingOptions,
  { areKeys, onZoneUsed }: Required<Pick<OwnFieldOptions, 'areKeys' | 'onZoneUsed'>>,
): (found: unknown) => unknown {
  switch (type) {
    case 'Date':
      return dateReader({ dateFormat, timeZone, onZoneUsed })
    case 'Number':
    case 'Int32':
    case 'Decimal128': {
      const readNumber = amountReader({
        decimal: decimal ?? (areKeys ? '.' : undefined),
        thousands,
      })
      return (found) => {
        const number = readNumber(found)
        if (number instanceof Problem) return number
        return typeof number === 'string' ? valueOfText(number, type) : found
      }
    }
    default:
      return (found) => (typeof found === 'string' ? valueOfText(found, type) : objectIdText(found))
  }
}

/**
 * Checks that the options name only own fields that the ledger has.
 * @throws ReplayOptionsError
 */
export function requireOwnFields(
  fields: object = {},
  ownFields: OwnFields | undefined,
  option = 'fields',
): void {
  const names = ownFields?.names ?? []
  const unknown = Object.keys(fields).find((name) => !names.includes(name))
  if (unknown === undefined) return
  throw new ReplayOptionsError(
    `'${option}' names ${quote(unknown)}, which is not a field of the ledger’s own: ${names.length === 0 ? 'its definition has none for these records' : `use one of ${names.join(', ')}`}`,
  )
}

/** {@link requireOwnFields} for the accounts that the options open. */
export function requireOwnFieldsToOpen(
  { openMissing }: Pick<ReadingOptions, 'openMissing'>,
  accountFields: OwnFields | undefined,
): void {
  if (typeof openMissing !== 'object') return
  for (const texts of [openMissing, ...Object.values(openMissing)] as (AccountTexts | string)[]) {
    if (typeof texts === 'object') requireOwnFields(texts.fields, accountFields, 'openMissing')
  }
}
