import { type ExchangeRequest, type Rounding, accountModel } from '../../src/index.ts'
import { ROUNDINGS } from '../../src/internal.ts'
import {
  type Command,
  Exit,
  UsageError,
  dryRunOption,
  jsonOption,
  textOption,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { applyChange } from '../context/dry-run.ts'
import { ownValuesOf } from '../context/own-fields.ts'
import { renderLegs } from './group.ts'
import { fieldsOption, readThrough } from './reading/option-values.ts'
import { effectiveAtOption } from './transfer.ts'

export const exchangeCommand: Command<{
  from: string
  to: string
  amount: string
  id: string
  'to-amount': string | undefined
  rate: string | undefined
  rounding: Rounding | undefined
  through: string
  reference: string | undefined
  'effective-at': Date | undefined
  fields: Record<string, string | null> | undefined
  'dry-run': boolean
  json: boolean
}> = {
  examples: [
    [
      'exchange EVA ADA 100 --id FX-1 --to-amount 108.45 --through EUR=FX-EUR,USD=FX-USD',
      'both amounts are agreed',
    ],
    [
      'exchange EVA ADA 100 --id FX-1 --rate 1.0845 --rounding half-even --through EUR=FX-EUR,USD=FX-USD',
      'at a rate',
    ],
  ],
  builder: (yargs) =>
    yargs
      .positional('from', textPosition('the account that pays'))
      .positional('to', textPosition('the account that is paid, in another currency'))
      .positional('amount', textPosition('what the first account pays, such as 100.00'))
      .option('id', {
        ...textOption('the id of the exchange: repeated with the same id, it is posted only once'),
        demandOption: true,
      })
      .option('to-amount', textOption('what the second account receives'))
      .option(
        'rate',
        textOption(
          'what 1 of the first currency is in the second, such as 1.0845; with --rounding',
        ),
      )
      .option('rounding', {
        describe: 'with --rate: how the amount received is rounded',
        choices: ROUNDINGS,
        requiresArg: true,
      })
      .option('through', {
        ...textOption('the position account of each currency, such as EUR=FX-EUR,USD=FX-USD'),
        demandOption: true,
      })
      .option('reference', textOption('a note for the receiver'))
      .option('effective-at', effectiveAtOption)
      .option('fields', fieldsOption)
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) => {
    const request = requestOf(options)
    return withDatabase(options, context, async (database) => {
      const { 'dry-run': dryRun, json } = options
      const Account = accountModel(database.connection)
      const own = ownValuesOf(database.connection, 'transfer', options.fields)
      const legs = await applyChange(database, { dryRun, context }, (sessionOption) =>
        Account.exchange({ ...request, ...own }, sessionOption),
      )
      context.print(json ? JSON.stringify(legs) : renderLegs(legs, context.columns))
      return Exit.done
    })
  },
}

interface RequestOptions extends Pick<ExchangeRequest, 'from' | 'to' | 'reference' | 'rounding'> {
  readonly amount: string
  readonly id: string
  readonly through: string
  readonly rate: string | undefined
  readonly 'to-amount': string | undefined
  readonly 'effective-at': Date | undefined
}

function requestOf(options: RequestOptions): ExchangeRequest {
  const { from, to, amount, id: exchangeId, reference, 'effective-at': effectiveAt } = options
  const received = receivedOf(options)
  const through = readThrough(options.through)
  return { exchangeId, from, to, amount, ...received, through, reference, effectiveAt }
}

/** What the second account receives: an amount, or a rate with its rounding. */
function receivedOf({ rate, rounding, 'to-amount': toAmount }: RequestOptions) {
  if ((toAmount === undefined) === (rate === undefined)) {
    throw new UsageError('exchange needs --to-amount, or --rate with --rounding')
  }
  if (toAmount !== undefined) {
    if (rounding === undefined) return { toAmount }
    throw new UsageError('--rounding cannot be used without --rate')
  }
  if (rate !== undefined && rounding !== undefined) return { rate, rounding }
  throw new UsageError(`--rate needs --rounding: one of ${ROUNDINGS.join(', ')}`)
}
