import {
  type AccountDocument,
  type AccountModel,
  AccountNotFoundError,
  type OpeningRequest,
  accountModel,
} from '../src/index.ts'
import { type Place, change, dryRunOption } from './change.ts'
import { type Command, Exit, UsageError, jsonOption } from './command.ts'
import { withDatabase } from './database.ts'
import { renderPairs } from './table.ts'

/** What can be done to an account, and the options that say how. */
const OPTIONS_OF = {
  open: ['holder', 'currency', 'balance', 'overdraft'],
  show: [],
  freeze: [],
  unfreeze: [],
  close: ['pay-out-to'],
  limit: ['overdraft'],
} as const
type Action = keyof typeof OPTIONS_OF
type ActionOption = (typeof OPTIONS_OF)[Action][number]

/** Without these an action cannot be done. */
const NEEDED: Partial<Record<Action, readonly ActionOption[]>> = {
  open: ['holder', 'currency'],
  limit: ['overdraft'],
}

type AccountOptions = Record<ActionOption, string | undefined> & {
  action: Action
  account: string
  'dry-run': boolean
  json: boolean
}

export const accountCommand: Command<AccountOptions> = {
  command: 'account <action> <account>',
  describe: 'open an account, show it, or change its status or overdraft limit',
  builder: (yargs) =>
    yargs
      .positional('action', {
        choices: Object.keys(OPTIONS_OF) as Action[],
        demandOption: true,
        describe: 'what to do',
      })
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
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) => {
    checkOptions(options)
    return withDatabase(options, context, async (database) => {
      const Account = accountModel(database.connection)
      const act = (place: Place) => actOn(options, Account, place)
      const account = await (options.action === 'show'
        ? act({})
        : change(database, { dryRun: options['dry-run'], context }, act))
      context.print(options.json ? JSON.stringify(account) : renderAccount(account))
      return Exit.done
    })
  },
}

function checkOptions(options: AccountOptions): void {
  const { action } = options
  const known: readonly ActionOption[] = OPTIONS_OF[action]
  const senseless = Object.values(OPTIONS_OF)
    .flat()
    .find((option) => options[option] !== undefined && !known.includes(option))
  if (senseless) throw new UsageError(`--${senseless} says nothing with account ${action}`)
  const missing = NEEDED[action]?.find((option) => options[option] === undefined)
  if (missing) throw new UsageError(`account ${action} needs --${missing}`)
}

async function actOn(
  options: AccountOptions,
  Account: AccountModel,
  place: Place,
): Promise<AccountDocument> {
  const {
    account: accountId,
    holder,
    currency,
    balance,
    overdraft,
    'pay-out-to': payOutTo,
  } = options
  switch (options.action) {
    case 'open': {
      const request = {
        accountId,
        holder,
        currency,
        openingBalance: balance,
        overdraftLimit: overdraft,
      }
      return await Account.open(request as OpeningRequest, place)
    }
    case 'show': {
      const account = await Account.findById(accountId)
      if (!account) throw new AccountNotFoundError({ accountId })
      return account
    }
    case 'freeze':
      return await Account.freeze(accountId, place)
    case 'unfreeze':
      return await Account.unfreeze(accountId, place)
    case 'close':
      return await Account.close(accountId, { ...place, ...(payOutTo && { payOutTo }) })
    case 'limit':
      return await Account.setOverdraftLimit(accountId, overdraft as string, place)
  }
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
