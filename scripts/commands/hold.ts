import { type HoldDocument, accountModel, formatMoney, holdModel } from '../../src/index.ts'
import { named } from '../../src/internal.ts'
import {
  type Command,
  Exit,
  UsageError,
  dryRunOption,
  flagOption,
  jsonOption,
  textOption,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { dateOption } from '../context/date-option.ts'
import { applyChange } from '../context/dry-run.ts'
import { paintedState } from '../context/states.ts'
import { wrapText } from '../context/wrapping.ts'
import { describeTransfer, effectiveAtOption } from './transfer.ts'

export const holdCommand: Command<{
  from: string
  to: string
  amount: string
  id: string | undefined
  currency: string | undefined
  'expires-at': Date | undefined
  reference: string | undefined
  'dry-run': boolean
  json: boolean
}> = {
  examples: [
    ['hold ADA INN 200 --id ROOM-7', 'reserve money until it is captured or released'],
    ['hold ADA INN 200 --id ROOM-8 --expires-at 2030-01-31', 'the same, for a time'],
  ],
  builder: (yargs) =>
    yargs
      .positional('from', textPosition('the account whose money is reserved'))
      .positional('to', textPosition('the account that it is promised to'))
      .positional('amount', textPosition('the amount, such as 12.50'))
      .option(
        'id',
        textOption('the id of the hold: repeated with the same id, it is placed only once'),
      )
      .option('currency', textOption('refuse the hold unless both accounts are in this currency'))
      .option(
        'expires-at',
        dateOption('expires-at', 'when it ends by itself: such as 2026-01-31T09:30:00Z'),
      )
      .option('reference', textOption('a note for the receiver'))
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { from, to, amount, id, currency, reference, json, 'dry-run': dryRun } = options
      const request = { holdId: id, from, to, amount, currency, reference }
      const Account = accountModel(database.connection)
      const hold = await applyChange(database, { dryRun, context }, (sessionOption) =>
        Account.hold({ ...request, expiresAt: options['expires-at'] }, sessionOption),
      )
      context.print(json ? JSON.stringify(hold) : wrapText(describeHold(hold), context.columns))
      return Exit.done
    }),
}

export const captureCommand: Command<{
  id: string
  amount: string | undefined
  final: boolean
  'transfer-id': string | undefined
  reference: string | undefined
  'effective-at': Date | undefined
  'dry-run': boolean
  json: boolean
}> = {
  examples: [
    ['capture ROOM-8', 'move all that is left of a hold'],
    ['capture ROOM-7 90 --transfer-id NIGHT-1', 'move a part, and keep the rest reserved'],
    ['capture ROOM-7 90 --final', 'move a part, and release the rest'],
  ],
  builder: (yargs) =>
    yargs
      .positional('id', textPosition('the id of the hold'))
      .positional('amount', {
        describe: 'how much of it [default: all that is left]',
        type: 'string',
      })
      .option('final', flagOption('release what this capture leaves'))
      .option(
        'transfer-id',
        textOption('the id of the transfer, which a part that is not final must have'),
      )
      .option('reference', textOption('a note for the receiver [default: that of the hold]'))
      .option('effective-at', effectiveAtOption)
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) => {
    const { id, amount, final, json, reference, 'dry-run': dryRun } = options
    const transferId = options['transfer-id']
    if (amount !== undefined && !final && transferId === undefined) {
      throw new UsageError(
        'a capture of a part needs --transfer-id, so that a repeated command is not taken for another capture, or --final to release the rest',
      )
    }
    const request = { amount, final, transferId, reference, effectiveAt: options['effective-at'] }
    return withDatabase(options, context, async (database) => {
      const Hold = holdModel(database.connection)
      const transfer = await applyChange(database, { dryRun, context }, (sessionOption) =>
        Hold.capture(id, { ...request, ...sessionOption }),
      )
      context.print(
        json ? JSON.stringify(transfer) : wrapText(describeTransfer(transfer), context.columns),
      )
      return Exit.done
    })
  },
}

export const releaseCommand: Command<{ id: string; 'dry-run': boolean; json: boolean }> = {
  examples: [
    ['release ROOM-9 --dry-run', 'see whether it can be given back'],
    ['release ROOM-9', 'give back what is left of a hold'],
  ],
  builder: (yargs) =>
    yargs
      .positional('id', textPosition('the id of the hold'))
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { id, json, 'dry-run': dryRun } = options
      const Hold = holdModel(database.connection)
      const hold = await applyChange(database, { dryRun, context }, (sessionOption) =>
        Hold.release(id, sessionOption),
      )
      context.print(json ? JSON.stringify(hold) : wrapText(describeHold(hold), context.columns))
      return Exit.done
    }),
}

/** A hold in one line: its id, the amount, who it is of and for, what became of it, and when it expires. */
function describeHold(hold: HoldDocument): string {
  const { _id: id, amount, captured, currency, fromAccount, toAccount, status, expiresAt } = hold
  const money = `${formatMoney(amount, currency)} ${currency}`
  const accounts = `of ${named(fromAccount)} for ${named(toAccount)}`
  const taken = captured.isZero() ? '' : `, ${formatMoney(captured, currency)} captured`
  const expiry = status === 'active' && expiresAt ? `, expires ${expiresAt.toISOString()}` : ''
  return `${named(id)}: ${money} ${accounts}, ${paintedState(status)}${taken}${expiry}`
}
