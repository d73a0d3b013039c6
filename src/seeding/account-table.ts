import { type Keys, requireKnownKeys, requireObject } from '../arguments.ts'
import { InputError } from '../errors.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import { quote } from '../messages.ts'
import type { ReadingOptions } from '../replay/reading/reading-options.ts'
import { trimmed } from '../replay/reading/csv/dialect.ts'
import { ColumnsError } from '../replay/reading/columns.ts'
import {
  type OwnFieldReader,
  ownFieldReader,
  requireOwnFields,
} from '../replay/reading/own-field-reader.ts'
import { type TableOptions, tableRecords } from '../replay/reading/table-records.ts'
import { Problem } from '../replay/reading/values/problem.ts'
import { amountReader } from '../replay/reading/values/amounts.ts'

/** What a column of a table of accounts can be, and the names by which it is recognized. */
const FIELDS = {
  accountId: ['accountId', 'accountNumber', 'account', 'iban', 'id', '_id'],
  holder: ['holder', 'accountHolder', 'holderName', 'owner', 'customer', 'name'],
  currency: ['currency', 'currencyCode', 'ccy'],
  openingBalance: ['openingBalance', 'balance', 'amount'],
  overdraftLimit: ['overdraftLimit', 'overdraft', 'limit'],
  status: ['status'],
} as const

type Field = keyof typeof FIELDS

/** How to read a CSV or TSV file of accounts. */
export interface AccountFormat extends TableOptions, Pick<ReadingOptions, 'decimal' | 'thousands'> {
  /** Which column is what, by name or as `#3`, if its name does not show it. */
  readonly map?: { readonly [field in Field]?: string | undefined } | undefined
  /**
   * Texts for fields of the ledger's own, in which `{COLUMN}` stands for a column's value. A column with exactly the name
   * of a field is that field, unless there is a text for it, or null.
   */
  readonly fields?: Readonly<Record<string, string | null>> | undefined
  /** The currency of accounts whose line names none. */
  readonly currency?: string | undefined
}

const KEYS: Keys<AccountFormat> = {
  encoding: true,
  delimiter: true,
  quote: true,
  columns: true,
  skip: true,
  header: true,
  skipLast: true,
  comment: true,
  decimal: true,
  thousands: true,
  map: true,
  fields: true,
  currency: true,
}

/** @throws TypeError if a format has an unknown key or field */
export function requireAccountFormat(format: AccountFormat): void {
  requireObject(format, 'the format of the accounts')
  requireKnownKeys(format, KEYS, 'the format of the accounts')
  const fields = Object.fromEntries(Object.keys(FIELDS).map((field) => [field, true]))
  requireKnownKeys(
    format.map ?? {},
    fields as Keys<NonNullable<AccountFormat['map']>>,
    'the map of the accounts',
  )
}

/**
 * Reads the accounts of a table, each as an object with the fields of a JSON file. An account without a holder gets its
 * id as the holder's name. An account with `createdAt` is one that an export has written: its texts stay as they are.
 * @throws InputError naming the file, the line and the column
 */
export async function* tableAccounts(
  file: string,
  { map = {}, currency, fields, decimal, thousands, ...table }: AccountFormat,
  ownFields?: OwnFields,
): AsyncGenerator<{ position: string; value: Record<string, unknown> }> {
  const readAmount = amountReader({ decimal, thousands })
  requireOwnFields(fields, ownFields)
  let columns: Partial<Record<string, string>> | undefined
  let own: { readonly spelled: OwnFieldReader; readonly exported: OwnFieldReader } | undefined
  for await (const found of tableRecords(file, table)) {
    const position = `line ${found.line}`
    const place = `${quote(file)}, ${position}`
    if ('problem' in found) throw new InputError(`${place}: ${found.problem}`)
    const isExported = trimmed(found.record['createdAt'] ?? '') !== ''
    const record = isExported ? found.record : withoutSpaces(found.record)
    const names = Object.keys(record)
    own ??= ownFields && readersOf(names, { fields, decimal, thousands }, { file, ownFields })
    columns ??= columnsOf(names, { file, map, taken: own?.spelled.indexes ?? [] })
    const value: Record<string, unknown> = currency === undefined ? {} : { currency }
    for (const [field, column] of Object.entries(columns)) {
      const text = column === undefined ? undefined : record[column]
      if (text !== undefined && text !== '') value[field] = text
    }
    for (const field of ['openingBalance', 'overdraftLimit']) {
      if (value[field] === undefined) continue
      const amount = readAmount(value[field], value['currency'])
      if (typeof amount !== 'string') {
        throw new InputError(
          `${place}: ${field} ${quote(value[field])} is not a plain amount: leave out currency signs, and name the marks with --decimal and --thousands`,
        )
      }
      value[field] = amount
    }
    const ownReader = isExported ? own?.exported : own?.spelled
    const ownValues = ownReader?.read((index) => record[names[index] as string])
    if (ownValues instanceof Problem) throw new InputError(`${place}: ${ownValues.text}`)
    Object.assign(value, ownValues)
    if (value['metadata'] !== undefined) value['metadata'] = metadataOf(value['metadata'], place)
    yield { position, value: { holder: value['accountId'], ...value } }
  }
}

const withoutSpaces = (record: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([name, text]) => [name, trimmed(text)]))

function readersOf(
  names: readonly string[],
  spelling: Pick<AccountFormat, 'fields' | 'decimal' | 'thousands'>,
  { file, ownFields }: { file: string; ownFields: OwnFields },
): { spelled: OwnFieldReader; exported: OwnFieldReader } {
  try {
    return {
      spelled: ownFieldReader(names, spelling, { ownFields }),
      exported: ownFieldReader(names, spelling, { ownFields, isExported: true }),
    }
  } catch (error) {
    if (!(error instanceof ColumnsError)) throw error
    throw new InputError(`${quote(file)}: ${error.message}`, { cause: error })
  }
}

function metadataOf(text: unknown, place: string): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    throw new InputError(`${place}: metadata ${quote(text)} is not JSON`)
  }
}

interface ColumnOptions {
  readonly file: string
  readonly map: NonNullable<AccountFormat['map']>
  /** The indexes of the columns that are own fields. */
  readonly taken: readonly number[]
}

/** Fields only in this spelling, because banks have columns such as Meta Data or Created At of their own. */
const EXACT_NAMES: ReadonlySet<string> = new Set(['metadata', 'createdAt'])

/** The column of each field: the one it is mapped to, or one with a known name. */
function columnsOf(
  all: readonly string[],
  { file, map, taken }: ColumnOptions,
): Partial<Record<string, string>> {
  const columns: Partial<Record<string, string>> = Object.fromEntries(
    all.filter((name) => EXACT_NAMES.has(name)).map((name) => [name, name]),
  )
  const names = all.filter((name, index) => !EXACT_NAMES.has(name) && !taken.includes(index))
  for (const [field, known] of Object.entries(FIELDS) as [Field, readonly string[]][]) {
    const wanted = map[field]
    const column =
      wanted === undefined
        ? names.find((name) => known.map(plainName).includes(plainName(name)))
        : all.includes(wanted)
          ? wanted
          : all[Number(/^#([1-9]\d*)$/.exec(wanted)?.[1]) - 1]
    if (column !== undefined) columns[field] = column
    else if (wanted !== undefined || field === 'accountId') {
      throw new InputError(
        `${quote(file)}: no column ${wanted === undefined ? 'is known as accountId' : `is named ${quote(wanted)}`}: the columns are ${all.map((name) => quote(name)).join(', ')}; choose one with --map ${field}=COLUMN, or name all with --columns if there is no header`,
      )
    }
  }
  return columns
}

const plainName = (name: string): string => name.toLowerCase().replaceAll(/[\s_.-]/g, '')
