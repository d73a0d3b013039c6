import { type TransferDocument, accountModel, formatMoney, transferModel } from '../../src/index.ts'
import { type Command, Exit, jsonOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { change, dryRunOption } from '../context/dry-run.ts'

export const transferCommand: Command<{
  from: string
  to: string
  amount: string
  id: string | undefined
  currency: string | undefined
  reference: string | undefined
  'dry-run': boolean
  json: boolean
}> = {
  command: 'transfer <from> <to> <amount>',
  describe: 'move money from one account to another',
  builder: (yargs) =>
    yargs
      .positional('from', { describe: 'the account that pays', type: 'string', demandOption: true })
      .positional('to', {
        describe: 'the account that is paid',
        type: 'string',
        demandOption: true,
      })
      .positional('amount', { describe: 'such as 12.50', type: 'string', demandOption: true })
      .option('id', {
        describe: 'the transfer’s id: repeated with the same id it is posted once',
        type: 'string',
        requiresArg: true,
      })
      .option('currency', {
        describe: 'refuse unless the accounts are in it',
        type: 'string',
        requiresArg: true,
      })
      .option('reference', {
        describe: 'a text for the receiver',
        type: 'string',
        requiresArg: true,
      })
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { from, to, amount, id, currency, reference, 'dry-run': dryRun } = options
      const request = { transferId: id, from, to, amount, currency, reference }
      const Account = accountModel(database.connection)
      const [result] = await change(database, { dryRun, context }, (place) =>
        Account.transferMany([request], place),
      )
      if (!result || result.status === 'refused') throw result?.error
      if (result.status === 'existing') context.log('it was posted before, and nothing changed')
      const transfer = transferModel(database.connection).hydrate(result.transfer)
      context.print(options.json ? JSON.stringify(transfer) : describeTransfer(transfer))
      return Exit.done
    }),
}

/** A transfer in a line: its id, the amount, and who pays whom. */
export function describeTransfer(transfer: TransferDocument): string {
  const { _id: id, amount, currency, fromAccount, toAccount } = transfer
  return `${id}: ${formatMoney(amount, currency)} ${currency} from ${fromAccount} to ${toAccount}`
}
