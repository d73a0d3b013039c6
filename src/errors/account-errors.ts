import { named } from '../messages.ts'
import { type Decimal, formatMoney } from '../money/money.ts'
import { LedgerError, type Side, TransferRefusedError } from './ledger-error.ts'

export class AccountNotFoundError extends TransferRefusedError {
  override readonly code = 'ACCOUNT_NOT_FOUND'
  declare readonly accountId: string
  /** Absent when the operation has only one account, such as freezing it. */
  declare readonly side?: Side
  /** Why the account could not be opened on the way, if it was to be. */
  declare readonly reason?: string
  constructor(details: { accountId: string; side?: Side; reason?: string }) {
    const { reason } = details
    super(
      `${nameOf(details)} does not exist${reason === undefined ? '' : ` and cannot be opened: ${reason}`}`,
      details,
    )
  }
}

export class AccountNotOpenError extends TransferRefusedError {
  override readonly code = 'ACCOUNT_NOT_OPEN'
  declare readonly accountId: string
  declare readonly side?: Side
  declare readonly status: string
  constructor(details: { accountId: string; side?: Side; status: string }) {
    super(`${nameOf(details)} is ${details.status}`, details)
  }
}

const nameOf = ({ accountId, side }: { accountId: string; side?: Side }): string =>
  side ? `${side} account ${named(accountId)}` : `account ${named(accountId)}`

export class AccountConflictError extends LedgerError {
  override readonly code = 'ACCOUNT_CONFLICT'
  declare readonly accountId: string
  /** The fields in which the request differs from the existing account. */
  declare readonly fields: readonly string[]
  constructor(details: { accountId: string; fields: readonly string[] }) {
    super(
      `account ${details.accountId} is already open with a different ${details.fields.join(', ')}`,
      details,
    )
  }
}

/** An account that still holds money or has a debt cannot be closed unless its balance is paid out first. */
export class AccountNotEmptyError extends LedgerError {
  override readonly code = 'ACCOUNT_NOT_EMPTY'
  declare readonly accountId: string
  declare readonly balance: Decimal
  declare readonly currency: string
  constructor(details: { accountId: string; balance: Decimal; currency: string }) {
    const { accountId, balance, currency } = details
    super(
      `account ${accountId} has a balance of ${formatMoney(balance, currency)} ${currency}: only an empty account can be closed`,
      details,
    )
  }
}

/** An account with money that is held for others cannot be closed. */
export class AccountHasHoldsError extends LedgerError {
  override readonly code = 'ACCOUNT_HAS_HOLDS'
  declare readonly accountId: string
  /** The sum of what its active holds have not captured. */
  declare readonly held: Decimal
  declare readonly currency: string
  constructor(details: { accountId: string; held: Decimal; currency: string }) {
    const { accountId, held, currency } = details
    super(
      `account ${accountId} has holds of ${formatMoney(held, currency)} ${currency}: capture or release them before it is closed`,
      details,
    )
  }
}

/** A direct write to a field that only Daybook's own methods change. Nothing was written. */
export class ProtectedFieldError extends LedgerError {
  override readonly code = 'PROTECTED_FIELD'
  declare readonly fields: readonly string[]
  /** The operation, if it could write or delete whole accounts. */
  declare readonly operation?: string
  constructor(details: { fields: readonly string[]; operation?: string }) {
    super(
      details.operation === undefined
        ? `${details.fields.join(', ')} of an account cannot be written directly: use Account.transfer(), open(), freeze(), unfreeze(), close() or setOverdraftLimit()`
        : `${details.operation} is not possible on accounts: open them with Account.open(), change what is yours with updateOne(), and close them with Account.close()`,
      details,
    )
  }
}
