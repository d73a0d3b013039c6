import {
  HoldConflictError,
  HoldExceededError,
  HoldNotFoundError,
  InvalidTransferIdError,
  TransferConflictError,
} from '../../errors.ts'
import { Decimal, toDecimal, toDecimal128 } from '../../money/money.ts'
import { type EvaluationOptions, evaluate } from '../evaluation.ts'
import { newIdentifierProblem } from '../identifier.ts'
import type { LedgerAccount, LedgerWithHolds } from '../ledger-state.ts'
import { resultById } from '../posted-content.ts'
import type { HoldRecord } from '../records.ts'
import { type TransferResult, refused } from '../transfer-result.ts'
import { remainingOf, refusalOfEnded } from './hold-book.ts'
import type { WellFormedCapture } from './hold-request.ts'

const ZERO = new Decimal(0)

/** Posts the transfer that a hold promised, of all that is left or of a part. */
export function evaluateCapture(
  capture: WellFormedCapture,
  ledger: LedgerWithHolds,
  options: EvaluationOptions,
): TransferResult {
  const { holdId, transferId } = capture
  const { holds, transfers } = ledger
  const existing = transfers.get(transferId)
  const hold = holds.records.get(holdId)
  if (!hold) {
    return refused(
      transferId,
      existing
        ? new TransferConflictError({ transferId, fields: ['hold'] })
        : (refusalOfNewId(transferId) ?? new HoldNotFoundError({ holdId })),
    )
  }
  const { parties } = capture
  const wrongSide =
    parties && (['from', 'to'] as const).find((side) => parties[side] !== hold[`${side}Account`])
  if (wrongSide) return refused(transferId, new HoldConflictError({ holdId, fields: [wrongSide] }))
  const isFinal = isFinalCapture(capture)
  const remaining = remainingOf(hold)
  const amount = capture.amount ?? (existing ? toDecimal(existing.amount) : remaining)
  const request = {
    transferId,
    from: hold.fromAccount,
    to: hold.toAccount,
    amount,
    currency: capture.currency ?? hold.currency,
    reference: capture.reference ?? hold.reference,
    metadata: capture.metadata ?? hold.metadata,
    effectiveAt: capture.effectiveAt,
    hold: holdId,
    postedElsewhereAt: capture.postedElsewhereAt,
  }
  const result = resultById(request, transfers, hold.currency)
  const different = result?.status === 'existing' && differentEnd(hold, capture)
  if (different) {
    return refused(transferId, new TransferConflictError({ transferId, fields: [different] }))
  }
  if (result) return result
  const refusal =
    (capture.postedElsewhereAt ? undefined : refusalOfNewId(transferId)) ??
    refusalOfEnded(hold, capture, holds) ??
    (amount.gt(remaining)
      ? new HoldExceededError({ holdId, remaining, needed: amount, currency: hold.currency })
      : undefined)
  if (refusal) return refused(transferId, refusal)

  const outcome = evaluate(request, ledger, options)
  if (outcome.status !== 'posted') return outcome
  const endedAt = outcome.transfer.postedAt
  const captured = toDecimal128(toDecimal(hold.captured).plus(amount), hold.currency)
  const isEnd = isFinal || amount.eq(remaining)
  const from = ledger.accounts.get(hold.fromAccount) as LedgerAccount
  from.held = (from.held ?? ZERO).minus(isEnd ? remaining : amount)
  holds.records.set(holdId, {
    ...hold,
    captured,
    ...(isEnd && { status: 'captured', endedAt, finalCapture: transferId }),
  })
  return outcome
}

function refusalOfNewId(transferId: string): InvalidTransferIdError | undefined {
  const expected = newIdentifierProblem(transferId)
  return expected === undefined ? undefined : new InvalidTransferIdError({ transferId, expected })
}

const isFinalCapture = ({ final, amount }: WellFormedCapture): boolean =>
  final === true || amount === undefined

/** What a capture that is posted did otherwise with the rest of its hold than a repeat of it asks for. */
function differentEnd(
  { finalCapture, captured, amount }: HoldRecord,
  capture: WellFormedCapture,
): 'final' | 'amount' | undefined {
  const hasEnded = finalCapture === capture.transferId
  const hasTakenAll = toDecimal(captured).eq(toDecimal(amount))
  if (!isFinalCapture(capture)) {
    // The last part of a hold ends it, whether or not it was said to be final.
    return hasEnded && !hasTakenAll ? 'final' : undefined
  }
  if (!hasEnded) return 'final'
  // Who asks for all that is left must not learn that less was taken.
  return capture.amount === undefined && !hasTakenAll ? 'amount' : undefined
}
