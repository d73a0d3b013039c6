import { AccountNotFoundError, LedgerError, type Side } from '../errors.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { Decimal, LIMIT } from '../money/money.ts'
import {
  type EvaluationOptions,
  type Ledger,
  type LedgerAccount,
  evaluate,
  resultById,
} from './evaluation.ts'
import { newIdentifierProblem } from './identifier.ts'
import { readOpening } from './opening.ts'
import type { AccountRecord } from './records.ts'
import type { MissingAccount, WellFormedRequest } from './request.ts'
import { ledgerAccountOf } from './stored-ledger.ts'
import { type TransferResult, refused } from './transfer-result.ts'

/**
 * Decides a request that may open its accounts. An account is opened only by a transfer that is posted: a refused one
 * leaves nothing behind.
 */
export function evaluateOpening(
  request: WellFormedRequest,
  ledger: Ledger,
  options: EvaluationOptions,
): TransferResult {
  const { transferId, open = [] } = request
  const from = ledger.accounts.get(request.from)
  const to = ledger.accounts.get(request.to)
  const wanted = (['from', 'to'] as const).flatMap((side) => {
    const accountId = request[side]
    if (ledger.accounts.has(accountId)) return []
    // An id that a new account may not have stays missing, and `evaluate` says why.
    if (newIdentifierProblem(accountId) !== undefined) return []
    const account = open.find((each) => each.accountId === accountId)
    return account ? [{ side, account }] : []
  })
  if (wanted.length === 0) return evaluate(request, ledger, options)
  const accountCurrency = (from ?? to)?.currency
  const currency = request.currency ?? accountCurrency
  const result = resultById(request, ledger.transfers, accountCurrency)
  if (result) return result

  const opened: AccountRecord[] = []
  const accounts = new Map<string, LedgerAccount>()
  for (const account of [from, to]) if (account) accounts.set(account._id, account)
  for (const { side, account } of wanted) {
    const record = recordOf(account, currency, options)
    if (record instanceof LedgerError)
      return refused(transferId, notOpened(record, side, account.accountId))
    opened.push(record)
    accounts.set(record._id, ledgerAccountOf(record))
  }
  const outcome = evaluate(request, { accounts, transfers: ledger.transfers }, options)
  if (outcome.status !== 'posted') return outcome
  for (const { _id } of opened) ledger.accounts.set(_id, accounts.get(_id) as LedgerAccount)
  return { ...outcome, opened }
}

function recordOf(
  { accountId, holder = accountId, openingBalance, ...account }: MissingAccount,
  fallback: string | undefined,
  { now, accountFields: fields }: EvaluationOptions,
): AccountRecord | LedgerError {
  const { currency = fallback, overdraftLimit } = account
  return readOpening(
    {
      ...fields?.fromTexts(account),
      accountId,
      holder,
      currency: currency as string,
      openingBalance,
      overdraftLimit: overdraftLimit === 'unlimited' ? largest(currency) : overdraftLimit,
    },
    now,
    { fields },
  )
}

/** The largest amount of money in a currency. */
const largest = (currency: string | undefined): Decimal =>
  isCurrency(currency) ? LIMIT.minus(new Decimal(10).pow(-scaleOf(currency))) : new Decimal(0)

/** The refusal of a transfer whose account cannot be opened. */
const notOpened = ({ code, message }: LedgerError, side: Side, accountId: string) =>
  new AccountNotFoundError({
    side,
    accountId,
    reason:
      code === 'INVALID_CURRENCY' && message.startsWith('currency undefined')
        ? 'nothing says its currency'
        : message,
  })
