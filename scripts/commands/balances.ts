import {
  type AccountDocument,
  type DateChoice,
  type PeriodBalance,
  type PeriodLength,
  formatMoney,
} from '../../src/index.ts'
import { PERIOD_LENGTHS, clockOf, didYouMean, isTimeZone, named } from '../../src/internal.ts'
import {
  type Command,
  Exit,
  UsageError,
  flagOption,
  jsonOption,
  textOption,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { byOption, readDate } from '../context/date-option.ts'
import { requireAccount } from '../context/needed-records.ts'
import { renderTable } from '../context/table.ts'
import { accountLine } from './statement.ts'

export const balancesCommand: Command<{
  account: string
  every: PeriodLength
  from: string | undefined
  to: string | undefined
  'time-zone': string
  by: NonNullable<DateChoice['by']>
  json: boolean
  csv: boolean
}> = {
  examples: [
    ['balances ADA --every month', 'what it had, received and sent in each month'],
    ['balances ADA --every day --from 2026-01-01 --csv', 'each day of this year, as CSV'],
  ],
  builder: (yargs) =>
    yargs
      .positional('account', textPosition('the account id'))
      .option('every', {
        choices: PERIOD_LENGTHS,
        default: 'month' as const,
        describe: 'how long a period is; a week starts on Monday',
      })
      .option('from', textOption('when the first period begins [default: with the first transfer]'))
      .option('to', textOption('when the last period ends [default: with the present period]'))
      .option('time-zone', {
        ...textOption('the zone in whose days the periods begin, such as Europe/Berlin'),
        default: 'UTC',
        coerce(name: string): string {
          if (isTimeZone(name)) return name
          throw new UsageError(
            `--time-zone ${named(name)}: expected a time zone such as Europe/Berlin or +02:00${didYouMean(name, Intl.supportedValuesOf('timeZone'))}`,
          )
        },
      })
      .option('by', byOption)
      .option('json', jsonOption)
      .option('csv', flagOption('print CSV')),
  run: (options, context) => {
    if (options.csv && options.json) throw new UsageError('--csv cannot be combined with --json')
    const { every, 'time-zone': timeZone, by } = options
    const [from, to] = (['from', 'to'] as const).map((name) => {
      const text = options[name]
      return text === undefined ? undefined : readDate(name, text, timeZone)
    })
    return withDatabase(options, context, async ({ connection }) => {
      const account = await requireAccount(connection, options.account)
      const rows = await account.balances({ every, from, to, timeZone, by })
      if (options.json) context.print(JSON.stringify(rows))
      else if (options.csv) context.print(await asCsv(rows, account.currency))
      else context.print(renderBalances(account, rows, { timeZone, columns: context.columns }))
      return Exit.done
    })
  },
}

const withMoneyAsText = (row: PeriodBalance, currency: string) => ({
  ...row,
  opening: formatMoney(row.opening, currency),
  received: formatMoney(row.received, currency),
  sent: formatMoney(row.sent, currency),
  closing: formatMoney(row.closing, currency),
})

const CSV_COLUMNS = ['from', 'to', 'opening', 'received', 'sent', 'closing', 'count'] as const

async function asCsv(rows: readonly PeriodBalance[], currency: string): Promise<string> {
  const { csvOf } = await import('../context/csv.ts')
  const records = rows.map((row) => ({
    ...withMoneyAsText(row, currency),
    from: row.from.toISOString(),
    to: row.to.toISOString(),
  }))
  return csvOf(records, CSV_COLUMNS)
}

function renderBalances(
  account: AccountDocument,
  rows: readonly PeriodBalance[],
  { timeZone, columns }: { timeZone: string; columns: number | undefined },
): string {
  const { currency } = account
  const clock = clockOf(timeZone)
  const lines = rows.map((row) => {
    const { opening, received, sent, closing } = withMoneyAsText(row, currency)
    const shown = new Date(clock(row.from.getTime())).toISOString()
    const start = shown.slice(0, 16).replace('T', ' ').replace(' 00:00', '')
    return [start, opening, received, sent, closing, String(row.count)]
  })
  const head = [`from (${timeZone})`, 'opening', 'in', 'out', 'closing', 'transfers']
  const table = renderTable(
    head,
    lines,
    ['left', ...head.slice(1).map(() => 'right' as const)],
    columns,
  )
  return `${accountLine(account, columns)}\n\n${table}`
}
