import {
  accountsFile,
  DEFAULT_CURRENCIES,
  DEFAULT_SEED,
  isCurrency,
  MOST_ACCOUNTS,
  MOST_SEED,
  named,
  quote,
} from '../../src/internal.ts'
import type { GenerateOptions } from '../../src/index.ts'
import { UsageError, fileOption, textOption, wholeNumber } from '../context/command.ts'

/** The options of `seed` and `generate` that say which accounts are meant. */
export const accountOptions = {
  accounts: wholeNumber('accounts', {
    least: 0,
    most: MOST_ACCOUNTS,
    describe: 'how many accounts to make in addition to those of the file',
    default: 0,
  }),
  currencies: {
    ...textOption('the currencies of the accounts that are made'),
    default: DEFAULT_CURRENCIES.join(','),
    coerce: readCurrencies,
  },
  seed: wholeNumber('seed', {
    least: 0,
    most: MOST_SEED,
    describe: 'the same number makes the same accounts on every machine',
    default: DEFAULT_SEED,
  }),
  file: {
    ...fileOption('a file of accounts: JSON, JSON Lines (.jsonl) or CSV (.csv, .tsv)'),
    default: accountsFile,
    defaultDescription: 'the one that comes with Daybook',
  },
} as const

function readCurrencies(text: string): readonly string[] {
  const currencies = [...new Set(text.split(','))]
  const unknown = currencies.find((currency) => !isCurrency(currency))
  if (unknown === undefined) return currencies
  throw new UsageError(
    `--currencies ${named(text)}: ${quote(unknown)} is not an ISO 4217 code in capitals: expected a list such as USD,EUR,JPY`,
  )
}

/** The options of a history: both days, or neither. */
export const historyOptions = {
  from: textOption('make a history from this day on: 2025-01-01'),
  to: textOption('the last day of the history: 2025-12-31'),
} as const

export function historyOf({
  from,
  to,
}: {
  from: string | undefined
  to: string | undefined
}): GenerateOptions['history'] {
  if (from === undefined && to === undefined) return undefined
  if (from === undefined || to === undefined) {
    throw new UsageError(
      `--from and --to are the first and the last day of a history: add --${from === undefined ? 'from' : 'to'}`,
    )
  }
  return { from, to }
}
