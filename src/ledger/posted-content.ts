import { InvalidAmountError, SameAccountError, TransferConflictError } from '../errors.ts'
import { isCurrency } from '../money/currency.ts'
import { decimalsProblem, toDecimal } from '../money/money.ts'
import type { Ledger } from './ledger-state.ts'
import type { Metadata, TransferRecord } from './records.ts'
import type { WellFormedRequest } from './request.ts'
import { type TransferResult, refused } from './transfer-result.ts'

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
  const refusal = problem
    ? new InvalidAmountError({ amount: amount.toString(), problem })
    : request.from === request.to
      ? new SameAccountError({ accountId: request.from })
      : undefined
  if (refusal) return refused(transferId, request.own?.refusal ?? refusal)
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
