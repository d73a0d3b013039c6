import { named } from '../messages.ts'
import { type Decimal, formatMoney } from '../money/money.ts'
import { LedgerError, TransferRefusedError } from './ledger-error.ts'

export class HoldConflictError extends TransferRefusedError {
  override readonly code = 'HOLD_CONFLICT'
  declare readonly holdId: string
  /** The fields in which the request differs from the hold that exists under the same id. */
  declare readonly fields: readonly string[]
  constructor(details: { holdId: string; fields: readonly string[] }) {
    const { holdId, fields } = details
    super(`hold ${holdId} already exists with a different ${fields.join(', ')}`, details)
  }
}

export class HoldNotFoundError extends TransferRefusedError {
  override readonly code = 'HOLD_NOT_FOUND'
  declare readonly holdId: string
  constructor(details: { holdId: string }) {
    super(`hold ${named(details.holdId)} does not exist`, details)
  }
}

/** A hold that has ended cannot be captured or released. */
export class HoldNotActiveError extends TransferRefusedError {
  override readonly code = 'HOLD_NOT_ACTIVE'
  declare readonly holdId: string
  /** `captured`, `released` or `expired`. */
  declare readonly status: string
  constructor(details: { holdId: string; status: string }) {
    super(`hold ${named(details.holdId)} is ${details.status}`, details)
  }
}

/** A capture of more than what is left of its hold. */
export class HoldExceededError extends TransferRefusedError {
  override readonly code = 'HOLD_EXCEEDED'
  declare readonly holdId: string
  /** What can still be captured. */
  declare readonly remaining: Decimal
  declare readonly needed: Decimal
  declare readonly currency: string
  constructor(details: { holdId: string; remaining: Decimal; needed: Decimal; currency: string }) {
    const { holdId, remaining, needed, currency } = details
    super(
      `hold ${named(holdId)} has ${formatMoney(remaining, currency)} ${currency} left, but the capture needs ${formatMoney(needed, currency)}`,
      details,
    )
  }
}

/** A direct write to a hold. Nothing was written. */
export class HoldProtectedError extends LedgerError {
  override readonly code = 'HOLD_PROTECTED'
  declare readonly operation: string
  constructor(details: { operation: string }) {
    super(
      `${details.operation} is not possible on holds: use Account.hold(), Hold.capture() or Hold.release()`,
      details,
    )
  }
}
