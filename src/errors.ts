import { quote } from './messages.ts'
import { isCurrency } from './money/currency.ts'
import { type Decimal, formatMoney } from './money/money.ts'

/** Which end of a transfer a refusal is about. */
export type Side = 'from' | 'to'

/** Each reason for which a transfer can be refused, in order of precedence. */
export type RefusalCode =
  | 'INVALID_TRANSFER_ID'
  | 'INVALID_ACCOUNT_ID'
  | 'INVALID_REFERENCE'
  | 'INVALID_METADATA'
  | 'INVALID_AMOUNT'
  | 'SAME_ACCOUNT'
  | 'TRANSFER_CONFLICT'
  | 'ACCOUNT_NOT_FOUND'
  | 'ACCOUNT_NOT_OPEN'
  | 'CURRENCY_MISMATCH'
  | 'INSUFFICIENT_FUNDS'
  | 'BALANCE_OUT_OF_RANGE'
  | 'LINKED_TRANSFER_REFUSED'

/** A business "no". It changed nothing, and the same id may be used again. */
export abstract class LedgerError extends Error {
  abstract readonly code: string

  constructor(message: string, details: object) {
    super(message)
    this.name = new.target.name
    Object.assign(this, details)
  }
}

/** A {@link LedgerError} that a transfer, alone or in a batch, can end in. */
export abstract class TransferRefusedError extends LedgerError {
  abstract override readonly code: RefusalCode
}

export class InvalidTransferIdError extends TransferRefusedError {
  override readonly code = 'INVALID_TRANSFER_ID'
  declare readonly transferId: unknown
  constructor(details: { transferId: unknown; expected: string }) {
    super(`transfer id ${quote(details.transferId)} is not ${details.expected}`, details)
  }
}

export class InvalidAccountIdError extends TransferRefusedError {
  override readonly code = 'INVALID_ACCOUNT_ID'
  declare readonly accountId: unknown
  /** Absent where the account stands alone, as in opening one. */
  declare readonly side?: Side
  constructor(details: { accountId: unknown; side?: Side; expected: string }) {
    const account = details.side ? `${details.side} account` : 'account id'
    super(`${account} ${quote(details.accountId)} is not ${details.expected}`, details)
  }
}

export class InvalidReferenceError extends TransferRefusedError {
  override readonly code = 'INVALID_REFERENCE'
  declare readonly reference: unknown
  constructor(details: { reference: unknown; expected: string }) {
    super(`reference ${quote(details.reference)} is not ${details.expected}`, details)
  }
}

export class InvalidMetadataError extends TransferRefusedError {
  override readonly code = 'INVALID_METADATA'
  constructor(details: { problem: string }) {
    super(`metadata ${details.problem}`, details)
  }
}

export class InvalidAmountError extends TransferRefusedError {
  override readonly code = 'INVALID_AMOUNT'
  declare readonly amount: unknown
  declare readonly problem: string
  /** `field` names what the amount was given as. */
  constructor({
    field = 'amount',
    ...details
  }: {
    amount: unknown
    problem: string
    field?: string
  }) {
    super(`${field} ${quote(details.amount)} ${details.problem}`, details)
  }
}

export class SameAccountError extends TransferRefusedError {
  override readonly code = 'SAME_ACCOUNT'
  declare readonly accountId: string
  constructor(details: { accountId: string }) {
    super(`account ${details.accountId} is both sender and receiver`, details)
  }
}

export class TransferConflictError extends TransferRefusedError {
  override readonly code = 'TRANSFER_CONFLICT'
  declare readonly transferId: string
  /** The fields in which the request differs from the transfer posted under the same id. */
  declare readonly fields: readonly string[]
  constructor(details: { transferId: string; fields: readonly string[] }) {
    super(
      `transfer ${details.transferId} is already posted with another ${details.fields.join(', ')}`,
      details,
    )
  }
}

export class AccountNotFoundError extends TransferRefusedError {
  override readonly code = 'ACCOUNT_NOT_FOUND'
  declare readonly accountId: string
  /** Absent where the account stands alone, as in freezing one. */
  declare readonly side?: Side
  constructor(details: { accountId: string; side?: Side }) {
    super(`${nameOf(details)} does not exist`, details)
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

export class CurrencyMismatchError extends TransferRefusedError {
  override readonly code = 'CURRENCY_MISMATCH'
  /** The currency asked for, or the sender's where the request names none. */
  declare readonly expected: unknown
  declare readonly accountId: string
  declare readonly side: Side
  declare readonly currency: string
  constructor(details: { accountId: string; side: Side; currency: string; expected: unknown }) {
    super(
      `${details.side} account ${details.accountId} is in ${details.currency}, the transfer in ${quote(details.expected)}${isCurrency(details.expected) ? '' : ', which is no ISO 4217 code'}`,
      details,
    )
  }
}

export class InsufficientFundsError extends TransferRefusedError {
  override readonly code = 'INSUFFICIENT_FUNDS'
  declare readonly accountId: string
  /** The balance and the unused overdraft together. */
  declare readonly available: Decimal
  declare readonly needed: Decimal
  declare readonly currency: string
  constructor(details: {
    accountId: string
    available: Decimal
    needed: Decimal
    currency: string
  }) {
    const { accountId, available, needed, currency } = details
    super(
      `account ${accountId} has ${formatMoney(available, currency)} ${currency} available, ${formatMoney(needed, currency)} needed`,
      details,
    )
  }
}

export class BalanceOutOfRangeError extends TransferRefusedError {
  override readonly code = 'BALANCE_OUT_OF_RANGE'
  declare readonly accountId: string
  /** What the balance would have become. */
  declare readonly balance: Decimal
  constructor(details: { accountId: string; balance: Decimal; limit: Decimal }) {
    super(
      `the balance of account ${details.accountId} would become ${details.balance}, which is not below ${details.limit} in magnitude`,
      details,
    )
  }
}

export class LinkedTransferRefusedError extends TransferRefusedError {
  override readonly code = 'LINKED_TRANSFER_REFUSED'
  declare readonly transferId: string
  /** The transfer of the same atomic group that was refused for a reason of its own. */
  declare readonly refusedTransferId: string
  constructor(details: { transferId: string; refusedTransferId: string }) {
    super(
      `transfer ${details.transferId} is in one group with ${details.refusedTransferId}, which was refused`,
      details,
    )
  }
}

export class InvalidHolderError extends LedgerError {
  override readonly code = 'INVALID_HOLDER'
  declare readonly holder: unknown
  constructor(details: { holder: unknown; expected: string }) {
    super(`holder ${quote(details.holder)} is not ${details.expected}`, details)
  }
}

export class InvalidCurrencyError extends LedgerError {
  override readonly code = 'INVALID_CURRENCY'
  declare readonly currency: unknown
  constructor(details: { currency: unknown }) {
    super(
      `currency ${quote(details.currency)} is not an ISO 4217 code in capitals, such as USD`,
      details,
    )
  }
}

export class AccountConflictError extends LedgerError {
  override readonly code = 'ACCOUNT_CONFLICT'
  declare readonly accountId: string
  /** The fields in which the request differs from the account that is there. */
  declare readonly fields: readonly string[]
  constructor(details: { accountId: string; fields: readonly string[] }) {
    super(
      `account ${details.accountId} is already open with another ${details.fields.join(', ')}`,
      details,
    )
  }
}

/** An account is closed with money on it, or a debt, and no account is named that takes it over. */
export class AccountNotEmptyError extends LedgerError {
  override readonly code = 'ACCOUNT_NOT_EMPTY'
  declare readonly accountId: string
  declare readonly balance: Decimal
  declare readonly currency: string
  constructor(details: { accountId: string; balance: Decimal; currency: string }) {
    const { accountId, balance, currency } = details
    super(
      `account ${accountId} has the balance ${formatMoney(balance, currency)} ${currency}: only an empty one is closed`,
      details,
    )
  }
}

/** A field of an account was to be written that changes through posting alone. Nothing was written. */
export class ProtectedFieldError extends LedgerError {
  override readonly code = 'PROTECTED_FIELD'
  declare readonly fields: readonly string[]
  constructor(details: { fields: readonly string[] }) {
    super(
      `${details.fields.join(', ')} of an account cannot be written directly, nor can an account be deleted: use Account.transfer(), open(), freeze(), unfreeze(), close() or setOverdraftLimit()`,
      details,
    )
  }
}

export class TransferNotFoundError extends LedgerError {
  override readonly code = 'TRANSFER_NOT_FOUND'
  declare readonly transferId: string
  constructor(details: { transferId: string }) {
    super(`transfer ${quote(details.transferId)} does not exist`, details)
  }
}

/** A reversal was to be reversed. */
export class TransferIsReversalError extends LedgerError {
  override readonly code = 'TRANSFER_IS_REVERSAL'
  declare readonly transferId: string
  /** The transfer that it took back. */
  declare readonly reverses: string
  constructor(details: { transferId: string; reverses: string }) {
    super(
      `transfer ${details.transferId} is itself the reversal of ${details.reverses}: post a new transfer instead`,
      details,
    )
  }
}

/** A transfer was to be changed, deleted or made other than by posting. Nothing was written. */
export class TransferImmutableError extends LedgerError {
  override readonly code = 'TRANSFER_IMMUTABLE'
  declare readonly operation: string
  constructor(details: { operation: string }) {
    super(
      `${details.operation}: a posted transfer stays as it is; reverse it with Transfer.reverse(), make one with Account.transfer()`,
      details,
    )
  }
}

/**
 * A file, or an option, that cannot be used as it is. The message says what was found and where (file,
 * line, field), what was expected and what to do next. Nothing of what was there before is lost.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
}

const nameOf = ({ accountId, side }: { accountId: string; side?: Side }): string =>
  side ? `${side} account ${accountId}` : `account ${accountId}`

/** The engine (a mongod found, started or reached) is not there; the message says why and what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}
