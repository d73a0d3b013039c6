import { type TransferDocument, accountModel, formatMoney, transferModel } from '../../src/index.ts'
import { named } from '../../src/internal.ts'
import {
  type Command,
  Exit,
  dryRunOption,
  jsonOption,
  textOption,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { dateOption } from '../context/date-option.ts'
import { applyChange } from '../context/dry-run.ts'
import { ownValuesOf } from '../context/own-fields.ts'
import { paint } from '../context/paint.ts'
import { wrapText } from '../context/wrapping.ts'
import { fieldsOption } from './reading/option-values.ts'

export const transferCommand: Command<{
  from: string
  to: string
  amount: string
  id: string | undefined
  currency: string | undefined
  reference: string | undefined
  'effective-at': Date | undefined
  fields: Record<string, string | null> | undefined
  'dry-run': boolean
  json: boolean
}> = {
  examples: [
    ['transfer ADA GRACE 12.50', 'move money once'],
    ['transfer ADA GRACE 12.50 --id RENT-2026-01', 'the same, and harmless to repeat'],
  ],
  builder: (yargs) =>
    yargs
      .positional('from', textPosition('the account that pays'))
      .positional('to', textPosition('the account that is paid'))
      .positional('amount', textPosition('the amount, such as 12.50'))
      .option(
        'id',
        textOption('the id of the transfer: repeated with the same id, it is posted only once'),
      )
      .option(
        'currency',
        textOption('refuse the transfer unless both accounts are in this currency'),
      )
      .option('reference', textOption('a note for the receiver'))
      .option('effective-at', effectiveAtOption)
      .option('fields', fieldsOption)
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { from, to, amount, id, currency, reference, 'dry-run': dryRun } = options
      const effectiveAt = options['effective-at']
      const own = ownValuesOf(database.connection, 'transfer', options.fields)
      const request = { transferId: id, from, to, amount, currency, reference, effectiveAt, ...own }
      const Account = accountModel(database.connection)
      const [result] = await applyChange(database, { dryRun, context }, (sessionOption) =>
        Account.transferMany([request], sessionOption),
      )
      if (!result || result.status === 'refused') throw result?.error
      if (result.status === 'existing')
        context.log(paint.warning('this transfer was posted before: nothing changed'))
      const transfer = transferModel(database.connection).hydrate(result.transfer)
      context.print(
        options.json
          ? JSON.stringify(transfer)
          : wrapText(describeTransfer(transfer), context.columns),
      )
      return Exit.done
    }),
}

/** The option `--effective-at` of the commands that post a transfer. */
export const effectiveAtOption = dateOption(
  'effective-at',
  'when it happened, if that is not now: a date such as 2026-01-31 (midnight in UTC), or a time with its zone such as 2026-01-31T09:30:00Z',
)

/** A transfer in one line: its id, the amount, who pays whom, and when if it has a date of its own. */
export function describeTransfer(transfer: TransferDocument): string {
  const { _id: id, amount, currency, fromAccount, toAccount, effectiveAt } = transfer
  const accounts = `from ${named(fromAccount)} to ${named(toAccount)}`
  const date = effectiveAt ? `, effective ${effectiveAt.toISOString()}` : ''
  return `${named(id)}: ${formatMoney(amount, currency)} ${currency} ${accounts}${date}`
}
