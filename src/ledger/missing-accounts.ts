import {
  AccountNotFoundError,
  LedgerError,
  type Side,
  type TransferRefusedError,
} from '../errors.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { Decimal, LIMIT } from '../money/money.ts'
import { type EvaluationOptions, evaluate } from './evaluation.ts'
import { newIdentifierProblem } from './identifier.ts'
import type { Ledger, LedgerAccount } from './ledger-state.ts'
import { readOpening } from './opening.ts'
import { resultByContent } from './posted-content.ts'
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
  const { transferId } = request
  if (wantedOf(request, ledger).length === 0) return evaluate(request, ledger, options)
  const { accounts, transfers } = ledger
  const { currency } = accounts.get(request.from) ?? accounts.get(request.to) ?? {}
  const result = resultByContent(request, transfers, currency)
  if (result) return result
  const opening = openAccountsFor(request, ledger, options)
  if (opening instanceof LedgerError) return refused(transferId, opening)
  const outcome = evaluate(request, { accounts: opening.accounts, transfers }, options)
  return outcome.status === 'posted' ? { ...outcome, opened: opening.keep() } : outcome
}

/** A request that may open its accounts. */
type OpeningRequest = Pick<WellFormedRequest, 'from' | 'to' | 'currency' | 'open'>

/** The accounts that a request would open. */
function wantedOf({ open = [], ...request }: OpeningRequest, { accounts }: Ledger) {
  return (['from', 'to'] as const).flatMap((side) => {
    const accountId = request[side]
    if (accounts.has(accountId)) return []
    // An id that a new account may not have stays missing, and the evaluation says why.
    if (newIdentifierProblem(accountId) !== undefined) return []
    const account = open.find((each) => each.accountId === accountId)
    return account ? [{ side, account }] : []
  })
}

/** The accounts of a request, those that it opens among them. `keep` adds these to the ledger. */
interface Opening {
  readonly accounts: Map<string, LedgerAccount>
  readonly keep: () => readonly AccountRecord[]
}

/** Opens the missing accounts of a request in memory. Returns the refusal if one of them cannot be opened. */
export function openAccountsFor(
  request: OpeningRequest,
  ledger: Ledger,
  options: EvaluationOptions,
): Opening | TransferRefusedError {
  const from = ledger.accounts.get(request.from)
  const to = ledger.accounts.get(request.to)
  const currency = request.currency ?? (from ?? to)?.currency
  const opened: AccountRecord[] = []
  const accounts = new Map<string, LedgerAccount>()
  for (const account of [from, to]) if (account) accounts.set(account._id, account)
  for (const { side, account } of wantedOf(request, ledger)) {
    const record = recordOf(account, currency, options)
    if (record instanceof LedgerError) return notOpened(record, side, account.accountId)
    opened.push(record)
    accounts.set(record._id, ledgerAccountOf(record))
  }
  const keep = () => {
    for (const { _id } of opened) ledger.accounts.set(_id, accounts.get(_id) as LedgerAccount)
    return opened
  }
  return { accounts, keep }
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

/** The refusal of a request whose account cannot be opened. */
const notOpened = ({ code, message }: LedgerError, side: Side, accountId: string) =>
  new AccountNotFoundError({
    side,
    accountId,
    reason:
      code === 'INVALID_CURRENCY' && message.startsWith('currency undefined')
        ? 'nothing says its currency'
        : message,
  })
