import {
  type AccountDocument,
  type AccountModel,
  type OpeningRequest,
  accountModel,
  formatMoney,
} from '../../src/index.ts'
import {
  type ActionOptions,
  checkActionOptions,
  hideOtherActions,
} from '../context/action-options.ts'
import {
  type Command,
  Exit,
  dryRunOption,
  jsonOption,
  textOption,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { type SessionOption, applyChange } from '../context/dry-run.ts'
import { requireAccount } from '../context/needed-records.ts'
import { ownNamesOf, ownText, ownValuesOf } from '../context/own-fields.ts'
import { paintedState } from '../context/states.ts'
import { alignedRight, cell, renderPairs } from '../context/table.ts'
import { fieldsOption } from './reading/option-values.ts'

const ACTIONS = {
  open: {
    required: ['holder', 'currency'],
    optional: ['balance', 'overdraft', 'fields', 'dry-run'],
  },
  show: {},
  freeze: { optional: ['dry-run'] },
  unfreeze: { optional: ['dry-run'] },
  close: { optional: ['pay-out-to', 'dry-run'] },
  limit: { required: ['overdraft'], optional: ['dry-run'] },
} satisfies Record<string, ActionOptions>

interface AccountOptions {
  action: keyof typeof ACTIONS
  account: string
  holder: string | undefined
  currency: string | undefined
  balance: string | undefined
  overdraft: string | undefined
  fields: Record<string, string | null> | undefined
  'pay-out-to': string | undefined
  'dry-run': boolean
  json: boolean
}

export const accountCommand: Command<AccountOptions> = {
  examples: [
    ['account open ADA --holder Ada --currency USD --balance 1000', 'open an account'],
    ['account limit ADA --overdraft 50', 'let its balance go down to −50'],
  ],
  builder: (yargs, parameters) =>
    hideOtherActions(
      yargs
        .positional('action', {
          choices: Object.keys(ACTIONS) as (keyof typeof ACTIONS)[],
          demandOption: true,
          describe: 'what to do',
        })
        .positional('account', textPosition('the account id'))
        .option('holder', textOption('with open: the name of the account holder'))
        .option('currency', textOption('with open: an ISO 4217 code such as USD'))
        .option('balance', textOption('with open: the opening balance [default: 0]'))
        .option(
          'overdraft',
          textOption('with open and limit: how far below zero the balance may go'),
        )
        .option('fields', {
          ...fieldsOption,
          describe: `with open: ${fieldsOption.describe}`,
        })
        .option(
          'pay-out-to',
          textOption('with close: the account that receives the remaining balance'),
        )
        .option('dry-run', dryRunOption)
        .option('json', jsonOption),
      ACTIONS,
      parameters,
    ),
  run: (options, context) => {
    checkActionOptions('account', options.action, ACTIONS, { ...options })
    return withDatabase(options, context, async (database) => {
      const Account = accountModel(database.connection)
      const act = (sessionOption: SessionOption) => actOn(options, Account, sessionOption)
      const account = await (options.action === 'show'
        ? act({})
        : applyChange(database, { dryRun: options['dry-run'], context }, act))
      context.print(
        options.json ? JSON.stringify(account) : renderAccount(account, context.columns),
      )
      return Exit.done
    })
  },
}

async function actOn(
  options: AccountOptions,
  Account: AccountModel,
  sessionOption: SessionOption,
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
        ...ownValuesOf(Account.db, 'account', options.fields),
      }
      return await Account.open(request as OpeningRequest, sessionOption)
    }
    case 'show':
      return await requireAccount(Account.db, accountId)
    case 'freeze':
      return await Account.freeze(accountId, sessionOption)
    case 'unfreeze':
      return await Account.unfreeze(accountId, sessionOption)
    case 'close':
      return await Account.close(accountId, {
        ...sessionOption,
        ...(payOutTo !== undefined && { payOutTo }),
      })
    case 'limit':
      return await Account.setOverdraftLimit(accountId, overdraft as string, sessionOption)
  }
}

function renderAccount(account: AccountDocument, columns: number | undefined): string {
  const { balance, openingBalance, overdraftLimit, held } = account.toJSON()
  const { currency } = account
  const money = [
    ['balance', balance],
    ['opening balance', openingBalance],
    ['overdraft limit', overdraftLimit],
    ...(held === undefined
      ? []
      : [
          ['held', held],
          ['available', formatMoney(account.available, currency)],
        ]),
  ]
  const amounts = alignedRight(money.map(([, amount]) => String(amount)))
  const rows = [
    ['account', cell(account._id)],
    ['holder', cell(account.holder)],
    ['status', paintedState(account.status)],
    ...money.map(([name], index) => [String(name), `${amounts[index]} ${currency}`]),
    ['transfers', String(account.transferCount)],
    ['opened', account.createdAt.toISOString()],
    ['changed', account.updatedAt.toISOString()],
    ...Object.entries(account.metadata ?? {}).map(([key, value]) => [
      `metadata ${cell(key)}`,
      cell(String(value)),
    ]),
    ...ownNamesOf(account.db, 'account').map((name) => [name, cell(ownText(account, name))]),
  ]
  return renderPairs(rows, columns)
}
