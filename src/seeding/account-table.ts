import { type Keys, requireKnownKeys, requireObject } from '../arguments.ts'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import type { ReadingOptions } from '../replay/reading/reading-options.ts'
import { type TableOptions, tableRecords } from '../replay/reading/table-records.ts'
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
 * id as the holder's name.
 * @throws InputError naming the file, the line and the column
 */
export async function* tableAccounts(
  file: string,
  { map = {}, currency, decimal, thousands, ...table }: AccountFormat,
): AsyncGenerator<{ position: string; value: Record<string, unknown> }> {
  const readAmount = amountReader({ decimal, thousands })
  let columns: Partial<Record<Field, string>> | undefined
  for await (const found of tableRecords(file, table)) {
    const position = `line ${found.line}`
    if ('problem' in found) throw new InputError(`${quote(file)}, ${position}: ${found.problem}`)
    const { record } = found
    columns ??= columnsOf(Object.keys(record), { file, map })
    const value: Record<string, unknown> = currency === undefined ? {} : { currency }
    for (const [field, column] of Object.entries(columns)) {
      const text = record[column]
      if (text !== undefined && text !== '') value[field] = text
    }
    for (const field of ['openingBalance', 'overdraftLimit']) {
      if (value[field] === undefined) continue
      const amount = readAmount(value[field], value['currency'])
      if (typeof amount !== 'string') {
        throw new InputError(
          `${quote(file)}, ${position}: ${field} ${quote(value[field])} is not a plain amount: leave out currency signs, and name the marks with --decimal and --thousands`,
        )
      }
      value[field] = amount
    }
    yield { position, value: { holder: value['accountId'], ...value } }
  }
}

/** The column of each field: the one it is mapped to, or one with a known name. */
function columnsOf(
  names: readonly string[],
  { file, map }: { file: string; map: NonNullable<AccountFormat['map']> },
): Partial<Record<Field, string>> {
  const columns: Partial<Record<Field, string>> = {}
  for (const [field, known] of Object.entries(FIELDS) as [Field, readonly string[]][]) {
    const wanted = map[field]
    const number = /^#([1-9]\d*)$/.exec(wanted ?? '')?.[1]
    const column =
      wanted === undefined
        ? names.find((name) => known.map(plainName).includes(plainName(name)))
        : names.includes(wanted)
          ? wanted
          : names[Number(number) - 1]
    if (column !== undefined) columns[field] = column
    else if (wanted !== undefined || field === 'accountId') {
      throw new InputError(
        `${quote(file)}: no column ${wanted === undefined ? 'is known as accountId' : `is named ${quote(wanted)}`}: the columns are ${names.map((name) => quote(name)).join(', ')}; choose one with --map ${field}=COLUMN, or name all with --columns if there is no header`,
      )
    }
  }
  return columns
}

const plainName = (name: string): string => name.toLowerCase().replaceAll(/[\s_.-]/g, '')
