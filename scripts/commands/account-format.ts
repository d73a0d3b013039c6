import type { Argv } from 'yargs'
import { type AccountFormat, InputError } from '../../src/index.ts'
import { readFormat, reasonOf, requireAccountFormat } from '../../src/internal.ts'
import { type CommonOptions, fileOption, textOption, wholeNumber } from '../context/command.ts'
import { readDelimiter, readFields, readMap, readNames } from './reading/option-values.ts'

/** The options that say how to read a table of accounts. */
export interface AccountFormatOptions {
  'format-file': string | undefined
  encoding: string | undefined
  delimiter: string | undefined
  columns: string[] | undefined
  skip: number | undefined
  map: Record<string, string | null> | undefined
  fields: Record<string, string | null> | undefined
  decimal: string | undefined
  thousands: string | undefined
  currency: string | undefined
}

export const defineAccountFormat = (
  yargs: Argv<CommonOptions>,
): Argv<CommonOptions & AccountFormatOptions> =>
  yargs
    .option('format-file', fileOption('a JSON file with these options of a CSV file of accounts'))
    .option('encoding', textOption('the encoding of a CSV file, such as windows-1252'))
    .option('delimiter', {
      ...textOption('what is between the fields of a CSV file [default: ,]'),
      coerce: readDelimiter,
    })
    .option('columns', {
      ...textOption('the columns of a CSV file without a header: accountId,openingBalance'),
      coerce: readNames,
    })
    .option(
      'skip',
      wholeNumber('skip', { least: 0, describe: 'how many lines of it stand before the header' }),
    )
    .option('map', {
      ...textOption('which of its columns is what: accountId=Konto,openingBalance=Saldo'),
      coerce: readMap,
    })
    .option('fields', {
      ...textOption('texts for fields of your own: branch={Filiale},tenantId=7'),
      coerce: readFields,
    })
    .option('decimal', textOption('the mark before its decimals: . or , [default: .]'))
    .option('thousands', textOption("what separates its thousands: , . ' or a space"))
    .option('currency', textOption('the currency of accounts of the file that name none'))

/** How to read the file of accounts; undefined if no option says it. */
export async function accountFormatOf(
  options: AccountFormatOptions,
): Promise<AccountFormat | undefined> {
  const { encoding, delimiter, columns, skip, map, fields } = options
  const { decimal, thousands, currency } = options
  const given = { encoding, delimiter, columns, skip, map, fields, decimal, thousands, currency }
  const file = options['format-file']
  const format = {
    ...(file !== undefined && (await readFormat(file, requireAccountFormat))),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
  if (Object.keys(format).length === 0) return undefined
  try {
    requireAccountFormat(format)
  } catch (error) {
    throw new InputError(reasonOf(error), { cause: error })
  }
  return format
}
