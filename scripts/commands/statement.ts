import {
  type AccountDocument,
  type DateChoice,
  type StatementEntry,
  holdModel,
  formatMoney,
} from '../../src/index.ts'
import {
  type Command,
  Exit,
  UsageError,
  flagOption,
  jsonOption,
  wholeNumber,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { byOption, dateOption } from '../context/date-option.ts'
import { requireAccount } from '../context/needed-records.ts'
import { ownNamesOf, ownText, ownTexts } from '../context/own-fields.ts'
import { cell, renderTable, timeCell } from '../context/table.ts'
import { wrapText } from '../context/wrapping.ts'
import { renderHolds, unmarkedOf } from './holds.ts'

export const statementCommand: Command<{
  account: string
  limit: number
  before: number | undefined
  from: Date | undefined
  to: Date | undefined
  by: NonNullable<DateChoice['by']>
  json: boolean
  csv: boolean
  pending: boolean
  spreadsheet: boolean
}> = {
  examples: [
    ['statement ADA --limit 10', 'the latest ten'],
    ['statement ADA --from 2026-01-01 --csv', 'all of this year, as CSV'],
  ],
  dependent: { spreadsheet: ['csv'] },
  builder: (yargs) =>
    yargs
      .positional('account', textPosition('the account id'))
      .option(
        'limit',
        wholeNumber('limit', {
          least: 1,
          most: 10_000,
          describe: 'the most entries to show',
          default: 50,
        }),
      )
      .option(
        'before',
        wholeNumber('before', {
          least: 1,
          describe: 'only entries that come before the one with this number',
        }),
      )
      .option('from', dateOption('from', 'only entries of this date or later'))
      .option('to', dateOption('to', 'only entries before this date'))
      .option('by', byOption)
      .option('json', jsonOption)
      .option('csv', flagOption('print CSV'))
      .option('pending', flagOption('list the active holds of its money, too'))
      .option('spreadsheet', {
        ...flagOption(
          'with --csv: put an apostrophe before cells that look like a formula; --no-spreadsheet leaves them as they are',
        ),
        default: true,
      }),
  run: (options, context) => {
    if (options.csv && options.json) throw new UsageError('--csv cannot be combined with --json')
    if (options.pending && (options.csv || options.json)) {
      throw new UsageError(
        `--pending cannot be combined with --${options.csv ? 'csv' : 'json'}: daybook holds --account ID --json lists holds`,
      )
    }
    return withDatabase(options, context, async ({ connection }) => {
      const { limit, before, from, to, by } = options
      const account = await requireAccount(connection, options.account)
      const entries = await account.statement({ limit, before, from, to, by })
      if (options.json) {
        context.print(JSON.stringify(entries))
      } else if (options.csv) context.print(await asCsv(account, entries, options))
      else context.print(renderStatement(account, entries, { by, columns: context.columns }))
      if (options.pending) context.print(`\n${await pendingOf(account, context.columns)}`)
      return Exit.done
    })
  },
}

/** What is held of an account, and each of its active holds. */
async function pendingOf(account: AccountDocument, columns: number | undefined): Promise<string> {
  const { currency, held, available, db } = account
  const Hold = holdModel(db)
  const holds = await Hold.find({ fromAccount: account._id, status: 'active' }).sort({
    createdAt: -1,
  })
  const sums = `${formatMoney(held, currency)} ${currency} held, ${formatMoney(available, currency)} available`
  return `${sums}\n\n${renderHolds(holds, await unmarkedOf(Hold, holds), columns)}`
}

const withMoneyAsText = (entry: StatementEntry, currency: string) => ({
  ...entry,
  amount: formatMoney(entry.amount, currency),
  balance: formatMoney(entry.balance, currency),
})

const CSV_COLUMNS = [
  'sequence',
  'postedAt',
  'transferId',
  'counterparty',
  'amount',
  'balance',
  'reference',
  'reverses',
  'effectiveAt',
  'group',
] as const

async function asCsv(
  { currency, db }: AccountDocument,
  entries: readonly StatementEntry[],
  options: { spreadsheet: boolean },
): Promise<string> {
  const { csvOf } = await import('../context/csv.ts')
  const records = entries.map((entry) => ({
    ...withMoneyAsText(entry, currency),
    postedAt: entry.postedAt.toISOString(),
    effectiveAt: entry.effectiveAt?.toISOString(),
    ...ownTexts(entry, ownNamesOf(db, 'transfer')),
  }))
  return csvOf(records, [...CSV_COLUMNS, ...ownNamesOf(db, 'transfer')], options)
}

/**
 * A statement as a table. Incoming and outgoing money have separate columns, aligned on the decimal point.
 * On a terminal long lines are cut, so the reference comes last.
 */
export function renderStatement(
  account: AccountDocument,
  entries: readonly StatementEntry[],
  { by = 'postedAt', columns }: DateChoice & { columns?: number | undefined } = {},
): string {
  const { currency } = account
  const own = ownNamesOf(account.db, 'transfer')
  const rows = entries.map((entry) => [
    String(entry.sequence),
    timeCell(dateOf(entry, by)),
    cell(entry.transferId),
    cell(entry.counterparty),
    entry.amount.gt(0) ? formatMoney(entry.amount, currency) : '',
    entry.amount.lt(0) ? formatMoney(entry.amount.neg(), currency) : '',
    formatMoney(entry.balance, currency),
    ...own.map((name) => cell(ownText(entry, name))),
    cell(entry.reference ?? ''),
  ])
  const named = HEAD.map((name) => (name === 'date' ? `${DATE_NAMES[by]} (UTC)` : name))
  const head = [...named, ...own, 'reference']
  const table = renderTable(head, rows, ALIGNMENTS, columns)
  return `${accountLine(account, columns)}\n\n${table}`
}

/** The line above a table about an account: its id, its holder and its balance. */
export function accountLine(
  { _id: accountId, holder, balance, currency }: AccountDocument,
  columns: number | undefined,
): string {
  const line = `${cell(accountId)}  ${cell(holder)}  ${formatMoney(balance, currency)} ${currency}`
  return wrapText(line, columns)
}

const dateOf = ({ postedAt, effectiveAt }: StatementEntry, by: DateChoice['by']): Date =>
  (by === 'effectiveAt' ? effectiveAt : undefined) ?? postedAt

const DATE_NAMES = { postedAt: 'posted', effectiveAt: 'effective' } as const

const HEAD = ['#', 'date', 'transfer', 'counterparty', 'in', 'out', 'balance'] as const
const ALIGNMENTS = ['right', 'left', 'left', 'left', 'right', 'right', 'right'] as const
