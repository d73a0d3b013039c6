import {
  AccountNotFoundError,
  AccountNotOpenError,
  BalanceOutOfRangeError,
  CurrencyMismatchError,
  InsufficientFundsError,
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidTransferIdError,
  SameAccountError,
  type Side,
  TransferConflictError,
  type TransferRefusedError,
} from '../errors.ts'
import { isCurrency } from '../money/currency.ts'
import {
  type Decimal,
  decimalsProblem,
  isOutOfRange,
  LIMIT,
  toDecimal,
  toDecimal128,
} from '../money/money.ts'
import type { HoldBook } from './holds/hold-book.ts'
import { newIdentifierProblem } from './identifier.ts'
import type { OwnFields } from './own-fields.ts'
import type { Metadata, TransferRecord } from './records.ts'
import type { WellFormedRequest } from './request.ts'
import { type TransferResult, refused } from './transfer-result.ts'

/** An account as a posting works on it: `balance`, `held`, `transferCount` and `updatedAt` change. */
export interface LedgerAccount {
  readonly _id: string
  readonly currency: string
  readonly status: string
  /** Its overdraft limit, negated. */
  readonly lowestBalance: Decimal
  balance: Decimal
  /** What its holds reserve. Undefined if it had none when it was read. */
  held: Decimal | undefined
  transferCount: number
  updatedAt: Date
}

/** The accounts and transfers that requests are evaluated against. Each posted request changes them. */
export interface Ledger {
  readonly accounts: Map<string, LedgerAccount>
  readonly transfers: Map<string, TransferRecord>
  /** Only if a request is about a hold. */
  readonly holds?: HoldBook | undefined
}

export interface EvaluationOptions {
  readonly now: Date
  readonly batch?: string | undefined
  /** The own fields of the ledger's accounts, for those that a transfer opens. */
  readonly accountFields?: OwnFields | undefined
}

/**
 * The result of a request that its own content and what is posted under its id decide; undefined if the accounts decide.
 * `accountCurrency` is the currency of its accounts.
 */
export function resultById(
  request: WellFormedRequest,
  transfers: Ledger['transfers'],
  accountCurrency: string | undefined,
): TransferResult | undefined {
  const { transferId, amount } = request
  const currency = isCurrency(request.currency) ? request.currency : accountCurrency
  const problem = currency && decimalsProblem(amount, currency)
  if (problem) {
    const error = new InvalidAmountError({ amount: amount.toString(), problem })
    return refused(transferId, request.own?.refusal ?? error)
  }
  if (request.from === request.to) {
    const error = new SameAccountError({ accountId: request.from })
    return refused(transferId, request.own?.refusal ?? error)
  }
  const existing = transfers.get(transferId)
  if (!existing) return undefined
  const fields = conflictingFields(request, existing)
  if (fields.length === 0 && !request.mustBeNew) {
    return { status: 'existing', transferId, transfer: existing }
  }
  const { reverses } = existing
  const details = { transferId, fields, ...(reverses !== undefined && { reverses }) }
  return refused(transferId, new TransferConflictError(details))
}

/**
 * {@link resultById}; and the refusal of a new request by its own fields. What came after a transfer cannot refuse a repeat of
 * it.
 */
export function resultByContent(
  request: WellFormedRequest,
  transfers: Ledger['transfers'],
  accountCurrency: string | undefined,
): TransferResult | undefined {
  const result = resultById(request, transfers, accountCurrency)
  const refusal = request.own?.refusal
  return result ?? (refusal && refused(request.transferId, refusal))
}

/** Decides one request in memory: either it changes both accounts, or it is refused and changes nothing. */
export function evaluate(
  request: WellFormedRequest,
  ledger: Ledger,
  options: EvaluationOptions,
): TransferResult {
  const { transferId, amount, postedElsewhereAt } = request
  const from = ledger.accounts.get(request.from)
  const to = ledger.accounts.get(request.to)
  const result = resultByContent(request, ledger.transfers, (from ?? to)?.currency)
  if (result) return result

  const reversalProblem = problemOfReversal(request, ledger)
  if (reversalProblem !== undefined) {
    return refused(
      transferId,
      new InvalidTransferIdError({ transferId, expected: reversalProblem }),
    )
  }
  const isChosenNow = request.reverses === undefined && !postedElsewhereAt
  const expected = isChosenNow ? newIdentifierProblem(transferId) : undefined
  if (expected !== undefined) {
    return refused(transferId, new InvalidTransferIdError({ transferId, expected }))
  }
  if (!from) return refused(transferId, missing('from', request.from))
  if (!to) return refused(transferId, missing('to', request.to))
  const isPromised = postedElsewhereAt !== undefined || request.hold !== undefined
  // It serves the check, too: a second subtraction would be felt in a large posting.
  const fromBalance = from.balance.minus(amount)
  const refusal =
    refusalByAccounts(request, from, to) ??
    (isPromised
      ? undefined
      : refusalByFunds(from, { after: fromBalance, needed: amount, what: 'transfer' }))
  if (refusal) return refused(transferId, refusal)

  const toBalance = to.balance.plus(amount)
  if (isOutOfRange(fromBalance)) {
    return refused(
      transferId,
      new BalanceOutOfRangeError({ accountId: from._id, balance: fromBalance, limit: LIMIT }),
    )
  }
  if (isOutOfRange(toBalance)) {
    return refused(
      transferId,
      new BalanceOutOfRangeError({ accountId: to._id, balance: toBalance, limit: LIMIT }),
    )
  }

  const isTakenOver = postedElsewhereAt !== undefined
  const earliest = laterOf(earliestPosting(from, isTakenOver), earliestPosting(to, isTakenOver))
  const postedAt = laterOf(postedElsewhereAt ?? options.now, earliest)
  applyTo(from, { balance: fromBalance, postedAt, isPromised })
  applyTo(to, { balance: toBalance, postedAt, isPromised })
  const transfer: TransferRecord = {
    _id: transferId,
    fromAccount: from._id,
    toAccount: to._id,
    amount: toDecimal128(amount, from.currency),
    currency: from.currency,
    fromBalance: toDecimal128(fromBalance, from.currency),
    toBalance: toDecimal128(toBalance, from.currency),
    fromSequence: from.transferCount,
    toSequence: to.transferCount,
    postedAt,
  }
  if (request.effectiveAt !== undefined) transfer.effectiveAt = request.effectiveAt
  if (request.group !== undefined) {
    transfer.group = request.group
    if (request.leg !== undefined) transfer.leg = request.leg
    if (request.legs !== undefined) transfer.legs = request.legs
  }
  if (request.reverses !== undefined) transfer.reverses = request.reverses
  if (request.hold !== undefined) transfer.hold = request.hold
  if (request.reference !== undefined) transfer.reference = request.reference
  if (request.metadata !== undefined) transfer.metadata = request.metadata
  if (options.batch !== undefined) transfer.batch = options.batch
  if (request.own !== undefined) Object.assign(transfer, request.own.values)
  ledger.transfers.set(transferId, transfer)
  return { status: 'posted', transferId, transfer }
}

/** Why a request is not the reversal that it says it is, as a phrase that follows its id and "is not". */
function problemOfReversal(
  { reverses, from, to, amount }: WellFormedRequest,
  { transfers }: Ledger,
): string | undefined {
  if (reverses === undefined) return undefined
  const original = transfers.get(reverses)
  if (!original) return `that of a reversal: there is no transfer ${reverses} to reverse`
  const isOpposite =
    original.reverses === undefined &&
    original.fromAccount === to &&
    original.toAccount === from &&
    amount.eq(toDecimal(original.amount))
  return isOpposite ? undefined : `that of a reversal: it is not the opposite of ${reverses}`
}

/** Why accounts cannot send and receive. The payer of a hold can, even if it was frozen since. */
export function refusalByAccounts(
  request: Pick<WellFormedRequest, 'currency' | 'hold' | 'postedElsewhereAt'>,
  from: LedgerAccount,
  to: LedgerAccount,
): TransferRefusedError | undefined {
  if (!request.postedElsewhereAt) {
    if (from.status !== 'open' && request.hold === undefined) return notOpen('from', from)
    if (to.status !== 'open') return notOpen('to', to)
  }
  const expected = request.currency ?? from.currency
  if (from.currency !== expected) return mismatch('from', from, expected)
  if (to.currency !== expected) return mismatch('to', to, expected)
  return undefined
}

/**
 * The refusal of an account that has less available than is needed: its balance and overdraft, less what is held. `after` is
 * its balance less what is needed.
 */
export function refusalByFunds(
  { _id: accountId, held, lowestBalance, currency }: LedgerAccount,
  { after, needed, what }: { after: Decimal; needed: Decimal; what: 'transfer' | 'hold' },
): InsufficientFundsError | undefined {
  const left = held ? after.minus(held) : after
  if (!left.isNeg() || left.gte(lowestBalance)) return undefined
  const available = left.plus(needed).minus(lowestBalance)
  const hasHolds = held && !held.isZero()
  return new InsufficientFundsError({
    accountId,
    available,
    ...(hasHolds && { held }),
    needed,
    currency,
    what,
  })
}

/** The refusal of an account that does not exist, whose id may be the reason. */
export function missing(side: Side, accountId: string): TransferRefusedError {
  const expected = newIdentifierProblem(accountId)
  return expected === undefined
    ? new AccountNotFoundError({ side, accountId })
    : new InvalidAccountIdError({ side, accountId, expected })
}

const notOpen = (side: Side, { _id: accountId, status }: LedgerAccount) =>
  new AccountNotOpenError({ side, accountId, status })

const mismatch = (side: Side, { _id: accountId, currency }: LedgerAccount, expected: unknown) =>
  new CurrencyMismatchError({ side, accountId, currency, expected })

interface Application {
  readonly balance: Decimal
  readonly postedAt: Date
  /** Whether neither the accounts' status nor their limits could refuse it. */
  readonly isPromised: boolean
}

function applyTo(account: LedgerAccount, { balance, postedAt, isPromised }: Application): void {
  account.balance = balance
  account.transferCount += 1
  const isChanged = isPromised && isChangedSince(account)
  account.updatedAt = isChanged ? new Date(postedAt.getTime() + 1) : postedAt
}

/**
 * Whether an account's status or limit was changed after it was posted to: as it is, it could not have been. Then its
 * `updatedAt` is later than its latest transfer, also if that was posted elsewhere.
 */
const isChangedSince = ({ status, balance, lowestBalance }: LedgerAccount): boolean =>
  status !== 'open' || balance.lt(lowestBalance)

/** The earliest time of an account's next transfer: that of its latest one. */
const earliestPosting = (account: LedgerAccount, isTakenOver: boolean): Date =>
  isTakenOver && isChangedSince(account)
    ? new Date(account.updatedAt.getTime() - 1)
    : account.updatedAt

export const laterOf = (one: Date, other: Date): Date => (one > other ? one : other)

/** The fields in which a request differs from the transfer that is posted under its id. */
export function conflictingFields(request: WellFormedRequest, transfer: TransferRecord): string[] {
  const isSameGroup = request.group === transfer.group
  const equal: Record<string, boolean> = {
    from: request.from === transfer.fromAccount,
    to: request.to === transfer.toAccount,
    amount: request.amount.eq(toDecimal(transfer.amount)),
    currency: request.currency === undefined || request.currency === transfer.currency,
    reference: request.reference === transfer.reference,
    metadata: isSameMetadata(request.metadata, transfer.metadata),
    effectiveAt: request.effectiveAt?.getTime() === transfer.effectiveAt?.getTime(),
    group: isSameGroup,
    leg: !isSameGroup || request.leg === transfer.leg,
    legs: !isSameGroup || request.legs === transfer.legs,
    reverses: request.reverses === transfer.reverses,
    hold: request.hold === transfer.hold,
  }
  const different = Object.keys(equal).filter((field) => !equal[field])
  const { own } = request
  return own ? [...different, ...own.fields.differences(own.values, transfer)] : different
}

export function isSameMetadata(one: Metadata = {}, other: Metadata = {}): boolean {
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.is(one[key], other[key]))
  )
}
