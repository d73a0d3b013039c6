import { type AccountDocument, AccountNotFoundError, accountModel } from '../src/index.ts'
import { type Command, Exit, UsageError, jsonOption } from './command.ts'
import { withDatabase } from './database.ts'
import { bringUpToDate } from './migrate.ts'
import { renderPairs } from './table.ts'

const ACTIONS = ['open', 'show', 'freeze', 'unfreeze', 'close', 'limit'] as const

export const accountCommand: Command<{
  action: (typeof ACTIONS)[number]
  account: string
  holder: string | undefined
  currency: string | undefined
  balance: string | undefined
  overdraft: string | undefined
  'pay-out-to': string | undefined
  json: boolean
}> = {
  command: 'account <action> <account>',
  describe: 'open an account, show it, or change its status or overdraft limit',
  builder: (yargs) =>
    yargs
      .positional('action', { choices: ACTIONS, demandOption: true, describe: 'what to do' })
      .positional('account', { describe: 'its number', type: 'string', demandOption: true })
      .option('holder', { describe: 'with open: whose it is', type: 'string', requiresArg: true })
      .option('currency', { describe: 'with open: such as USD', type: 'string', requiresArg: true })
      .option('balance', {
        describe: 'with open: its opening balance',
        type: 'string',
        requiresArg: true,
      })
      .option('overdraft', {
        describe: 'with open and limit: how far below zero it may go',
        type: 'string',
        requiresArg: true,
      })
      .option('pay-out-to', {
        describe: 'with close: the account that gets the rest',
        type: 'string',
        requiresArg: true,
      })
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { connection } = database
      await bringUpToDate(database, context)
      const account = await actOn(options.account, options, accountModel(connection))
      context.print(options.json ? JSON.stringify(account) : renderAccount(account))
      return Exit.done
    }),
}

type Options = Parameters<typeof accountCommand.run>[0]

async function actOn(
  accountId: string,
  options: Options,
  Account: ReturnType<typeof accountModel>,
): Promise<AccountDocument> {
  switch (options.action) {
    case 'open':
      return await Account.open({
        accountId,
        holder: required('holder', options.holder),
        currency: required('currency', options.currency),
        openingBalance: options.balance,
        overdraftLimit: options.overdraft,
      })
    case 'show': {
      const account = await Account.findById(accountId)
      if (!account) throw new AccountNotFoundError({ accountId })
      return account
    }
    case 'freeze':
      return await Account.freeze(accountId)
    case 'unfreeze':
      return await Account.unfreeze(accountId)
    case 'close': {
      const payOutTo = options['pay-out-to']
      return await Account.close(accountId, { ...(payOutTo && { payOutTo }) })
    }
    case 'limit':
      return await Account.setOverdraftLimit(accountId, required('overdraft', options.overdraft))
  }
}

function required(option: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${option} is needed`)
  return value
}

function renderAccount(account: AccountDocument): string {
  const json = account.toJSON() as unknown as Record<string, string>
  return renderPairs([
    ['account', account._id],
    ['holder', account.holder],
    ['status', account.status],
    ['balance', `${json['balance']} ${account.currency}`],
    ['opening balance', `${json['openingBalance']} ${account.currency}`],
    ['overdraft limit', `${json['overdraftLimit']} ${account.currency}`],
    ['transfers', String(account.transferCount)],
    ['opened', account.createdAt.toISOString()],
    ['changed', account.updatedAt.toISOString()],
  ])
}
