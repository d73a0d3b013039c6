import {
  AccountNotFoundError,
  BalanceOutOfRangeError,
  HoldConflictError,
  HoldNotFoundError,
  InvalidAmountError,
  InvalidExpiresAtError,
  InvalidHoldIdError,
  LedgerError,
  SameAccountError,
  type TransferRefusedError,
} from '../../errors.ts'
import { isCurrency } from '../../money/currency.ts'
import {
  Decimal,
  LIMIT,
  decimalsProblem,
  isOutOfRange,
  toDecimal,
  toDecimal128,
} from '../../money/money.ts'
import { missing, refusalByAccounts, refusalByFunds } from '../account-refusals.ts'
import { type EvaluationOptions, laterOf } from '../evaluation.ts'
import { newIdentifierProblem } from '../identifier.ts'
import type { LedgerAccount, LedgerWithHolds } from '../ledger-state.ts'
import { openAccountsFor } from '../missing-accounts.ts'
import { isSameMetadata } from '../posted-content.ts'
import type { HoldRecord } from '../records.ts'
import { type HoldResult, type TransferResult, refusedHold } from '../transfer-result.ts'
import { evaluateCapture } from './capture-evaluation.ts'
import { type HoldBook, remainingOf, refusalOfEnded } from './hold-book.ts'
import type { IdentifiedRelease, WellFormedAction, WellFormedHold } from './hold-request.ts'

/** Decides one action in memory: either it changes the hold and its accounts, or it is refused and changes nothing. */
export function evaluateAction(
  action: WellFormedAction,
  ledger: LedgerWithHolds,
  options: EvaluationOptions,
): HoldResult | TransferResult {
  switch (action.kind) {
    case 'hold':
      return evaluateOpeningHold(action, ledger, options)
    case 'capture':
      return evaluateCapture(action, ledger, options)
    default:
      return evaluateRelease(action, ledger, options)
  }
}

/** Places a hold that may open its accounts. An account is opened only by a hold that is placed. */
function evaluateOpeningHold(
  request: WellFormedHold,
  ledger: LedgerWithHolds,
  options: EvaluationOptions,
): HoldResult {
  const result = evaluateHold(request, ledger, options)
  const isMissing = result.status === 'refused' && result.error instanceof AccountNotFoundError
  if (!isMissing || !request.open) return result
  const opening = openAccountsFor(request, ledger, options)
  if (opening instanceof LedgerError) return refusedHold(request.holdId, opening)
  const outcome = evaluateHold(request, { ...ledger, accounts: opening.accounts }, options)
  return outcome.status === 'posted' ? { ...outcome, opened: opening.keep() } : outcome
}

/** Places a hold by the rules of a transfer, of which it is the promise. No balance changes. */
function evaluateHold(
  request: WellFormedHold,
  { accounts, holds }: LedgerWithHolds,
  { now, batch }: EvaluationOptions,
): HoldResult {
  const { holdId, amount, postedElsewhereAt } = request
  const from = accounts.get(request.from)
  const to = accounts.get(request.to)
  const accountCurrency = (from ?? to)?.currency
  const currency = isCurrency(request.currency) ? request.currency : accountCurrency
  const problem = currency && decimalsProblem(amount, currency)
  if (problem) {
    return refusedHold(holdId, new InvalidAmountError({ amount: amount.toString(), problem }))
  }
  if (request.from === request.to) {
    return refusedHold(holdId, new SameAccountError({ accountId: request.from }))
  }
  const existing = holds.records.get(holdId)
  if (existing) {
    const fields = conflictingFields(request, existing)
    return fields.length === 0
      ? { status: 'existing', holdId, hold: existing }
      : refusedHold(holdId, new HoldConflictError({ holdId, fields }))
  }
  const isKnown = from !== undefined && to !== undefined
  const refusal = postedElsewhereAt
    ? undefined
    : refusalOfNew(request, holds, {
        isKnown,
        placedAt: laterOf(now, from?.updatedAt ?? now),
      })
  if (refusal) return refusedHold(holdId, refusal)
  if (!from) return refusedHold(holdId, missing('from', request.from))
  if (!to) return refusedHold(holdId, missing('to', request.to))
  const held = (from.held ?? ZERO).plus(amount)
  const refusalByLedger =
    refusalByAccounts(request, { from, to, what: 'hold' }) ??
    (postedElsewhereAt
      ? undefined
      : refusalByFunds(from, {
          after: from.balance.minus(amount),
          needed: amount,
          what: 'hold',
        })) ??
    refusalBySize(from, held)
  if (refusalByLedger) return refusedHold(holdId, refusalByLedger)

  from.held = held
  from.updatedAt = laterOf(postedElsewhereAt ?? now, from.updatedAt)
  const createdAt = postedElsewhereAt ?? from.updatedAt
  const hold: HoldRecord = {
    _id: holdId,
    fromAccount: from._id,
    toAccount: to._id,
    amount: toDecimal128(amount, from.currency),
    currency: from.currency,
    captured: toDecimal128(ZERO, from.currency),
    status: 'active',
    createdAt,
  }
  if (request.expiresAt !== undefined) hold.expiresAt = request.expiresAt
  if (request.reference !== undefined) hold.reference = request.reference
  if (request.metadata !== undefined) hold.metadata = request.metadata
  if (batch !== undefined) hold.batch = batch
  holds.records.set(holdId, hold)
  return { status: 'posted', holdId, hold }
}

const ZERO = new Decimal(0)

/** Why a hold that does not exist yet cannot be placed. `isKnown` says whether both of its accounts exist. */
function refusalOfNew(
  { holdId, expiresAt }: WellFormedHold,
  { serverTime }: HoldBook,
  { isKnown, placedAt }: { isKnown: boolean; placedAt: Date },
): TransferRefusedError | undefined {
  const expected = newIdentifierProblem(holdId)
  if (expected !== undefined) return new InvalidHoldIdError({ holdId, expected })
  // Of accounts that do not exist nobody knows whether the server was asked.
  // The clock that dates the hold may be ahead of the server's.
  return isKnown && expiresAt && serverTime && expiresAt <= laterOf(serverTime, placedAt)
    ? new InvalidExpiresAtError({ expiresAt, expected: 'in the future' })
    : undefined
}

/** What an account has in the end, if all of its holds are captured, must be a balance too. */
function refusalBySize(
  { _id: accountId, balance }: LedgerAccount,
  held: Decimal,
): BalanceOutOfRangeError | undefined {
  const after = balance.minus(held)
  if (!isOutOfRange(after) && !isOutOfRange(held)) return undefined
  return new BalanceOutOfRangeError({ accountId, balance: after, held, limit: LIMIT })
}

/** The fields in which a request differs from the hold that has its id. */
function conflictingFields(request: WellFormedHold, hold: HoldRecord): string[] {
  const equal: Record<string, boolean> = {
    from: request.from === hold.fromAccount,
    to: request.to === hold.toAccount,
    amount: request.amount.eq(toDecimal(hold.amount)),
    currency: request.currency === undefined || request.currency === hold.currency,
    expiresAt: request.expiresAt?.getTime() === hold.expiresAt?.getTime(),
    reference: request.reference === hold.reference,
    metadata: isSameMetadata(request.metadata, hold.metadata),
  }
  return Object.keys(equal).filter((field) => !equal[field])
}

/** Gives back what is left of a hold, because the caller asks for it or because it has expired. */
function evaluateRelease(
  request: IdentifiedRelease,
  { accounts, holds }: LedgerWithHolds,
  { now }: EvaluationOptions,
): HoldResult {
  const { kind, holdId, postedElsewhereAt } = request
  const hold = holds.records.get(holdId)
  if (!hold) return refusedHold(holdId, new HoldNotFoundError({ holdId }))
  const status = kind === 'expire' ? 'expired' : 'released'
  const isAsked = kind === 'release' || postedElsewhereAt !== undefined
  const hasExpired = hold.status === 'active' && holds.expired.has(holdId)
  if (hold.status === status || !(isAsked || hasExpired)) {
    return { status: 'existing', holdId, hold }
  }
  const refusal = isAsked ? refusalOfEnded(hold, request, holds) : undefined
  if (refusal) return refusedHold(holdId, refusal)
  if (kind === 'expire' && !hold.expiresAt) {
    return refusedHold(holdId, new HoldConflictError({ holdId, fields: ['expiresAt'] }))
  }
  const account = accounts.get(hold.fromAccount) as LedgerAccount
  const ended = giveBack({ hold, account, status }, holds, postedElsewhereAt ?? now)
  return { status: 'posted', holdId, hold: ended }
}

/** Ends a hold and reserves no more of its account. Returns the ended hold. */
export function giveBack(
  {
    hold,
    account,
    status,
  }: { hold: HoldRecord; account: LedgerAccount; status: 'released' | 'expired' },
  { records }: HoldBook,
  now: Date,
): HoldRecord {
  account.held = (account.held ?? ZERO).minus(remainingOf(hold))
  const { expiresAt } = hold
  const endedAt = laterOf(now, account.updatedAt)
  // The server says that it has expired, and the clock of this program may be behind.
  account.updatedAt = status === 'expired' && expiresAt ? laterOf(endedAt, expiresAt) : endedAt
  const ended: HoldRecord = { ...hold, status, endedAt: account.updatedAt }
  records.set(hold._id, ended)
  return ended
}
