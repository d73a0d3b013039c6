import { BalanceOutOfRangeError, InvalidTransferIdError } from '../errors.ts'
import { type Decimal, isOutOfRange, LIMIT, toDecimal, toDecimal128 } from '../money/money.ts'
import { missing, refusalByAccounts, refusalByFunds } from './account-refusals.ts'
import { newIdentifierProblem } from './identifier.ts'
import type { Ledger, LedgerAccount } from './ledger-state.ts'
import type { OwnFields } from './own-fields.ts'
import { resultByContent } from './posted-content.ts'
import type { TransferRecord } from './records.ts'
import type { WellFormedRequest } from './request.ts'
import { type TransferResult, refused } from './transfer-result.ts'

export interface EvaluationOptions {
  readonly now: Date
  readonly batch?: string | undefined
  /** The own fields of the ledger's accounts, for those that a transfer opens. */
  readonly accountFields?: OwnFields | undefined
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
    refusalByAccounts(request, { from, to, what: 'transfer' }) ??
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
