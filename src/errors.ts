import {
  type HoldConflictError,
  type HoldExceededError,
  type HoldNotActiveError,
  type HoldNotFoundError,
  type HoldProtectedError,
  type InvalidExpiresAtError,
  type InvalidHoldIdError,
} from './hold-errors.ts'
import { LedgerError, REFUSAL_CODES, type Side, TransferRefusedError } from './ledger-error.ts'
import { named, quote } from './messages.ts'
import { isCurrency } from './money/currency.ts'
import { type Decimal, formatMoney, isOutOfRange } from './money/money.ts'

export * from './hold-errors.ts'
export {
  LedgerError,
  REFUSAL_CODES,
  type RefusalCode,
  type Side,
  TransferRefusedError,
} from './ledger-error.ts'

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
  /** Absent when the operation has only one account, such as opening it. */
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

export class InvalidEffectiveAtError extends TransferRefusedError {
  override readonly code = 'INVALID_EFFECTIVE_AT'
  declare readonly effectiveAt: unknown
  constructor(details: { effectiveAt: unknown; expected: string }) {
    super(`effectiveAt ${quote(details.effectiveAt)} is not ${details.expected}`, details)
  }
}

/** A field that the project has added to accounts or transfers. */
export class InvalidFieldError extends TransferRefusedError {
  override readonly code = 'INVALID_FIELD'
  declare readonly field: string
  /** Undefined if the field is required and missing. */
  declare readonly value: unknown
  declare readonly expected: string
  constructor(details: { field: string; value: unknown; expected: string }) {
    const { field, value, expected } = details
    super(
      value === undefined
        ? `${field} is missing: expected ${expected}`
        : `${field} ${quote(value)} is not ${expected}`,
      details,
    )
  }
}

export class InvalidAmountError extends TransferRefusedError {
  override readonly code = 'INVALID_AMOUNT'
  declare readonly amount: unknown
  declare readonly problem: string
  /** `field` is the name of the field that holds the amount. */
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
  /**
   * The fields in which the request differs from the transfer posted under the same id. Empty if it does not differ, but
   * is known to be another transfer: a line of a file of rejects whose id is only made of its content.
   */
  declare readonly fields: readonly string[]
  /** The group that the transfer cannot join, because it is already posted without it. */
  declare readonly group?: string
  /** The transfer that the posted one reverses, if it is a reversal. */
  declare readonly reverses?: string
  /** Whether the other transfer is one of the same atomic group: then neither is posted. Absent if it is not. */
  declare readonly isWithinGroup?: true
  constructor(details: {
    transferId: string
    fields: readonly string[]
    group?: string
    reverses?: string
    isWithinGroup?: true
  }) {
    super(conflictMessage(details), details)
  }
}

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

export class CurrencyMismatchError extends TransferRefusedError {
  override readonly code = 'CURRENCY_MISMATCH'
  /** The currency of the request, or the sender's if the request does not name one. */
  declare readonly expected: unknown
  declare readonly accountId: string
  declare readonly side: Side
  declare readonly currency: string
  constructor(details: { accountId: string; side: Side; currency: string; expected: unknown }) {
    super(
      `${details.side} account ${details.accountId} is in ${details.currency}, but the transfer is in ${quote(details.expected)}${isCurrency(details.expected) ? '' : ', which is not an ISO 4217 code'}`,
      details,
    )
  }
}

export class InsufficientFundsError extends TransferRefusedError {
  override readonly code = 'INSUFFICIENT_FUNDS'
  declare readonly accountId: string
  /** The balance plus the overdraft limit, less what is held. */
  declare readonly available: Decimal
  /** What is held of the account. Absent if nothing is. */
  declare readonly held?: Decimal
  declare readonly needed: Decimal
  declare readonly currency: string
  /** `what` needs the money: a transfer or a hold. */
  constructor({
    what = 'transfer',
    ...details
  }: {
    accountId: string
    available: Decimal
    held?: Decimal
    needed: Decimal
    currency: string
    what?: 'transfer' | 'hold'
  }) {
    const { accountId, available, held, needed, currency } = details
    const beside = held ? ` and ${formatMoney(held, currency)} held` : ''
    super(
      `account ${accountId} has ${formatMoney(available, currency)} ${currency} available${beside}, but the ${what} needs ${formatMoney(needed, currency)}`,
      details,
    )
  }
}

export class BalanceOutOfRangeError extends TransferRefusedError {
  override readonly code = 'BALANCE_OUT_OF_RANGE'
  declare readonly accountId: string
  /** The balance that the transfer would have led to, or the captures of all that would have been held. */
  declare readonly balance: Decimal
  /** What would have been held of the account, if a hold is refused. */
  declare readonly held?: Decimal
  constructor(details: { accountId: string; balance: Decimal; held?: Decimal; limit: Decimal }) {
    super(`${outOfRange(details)}: its magnitude must be below ${details.limit}`, details)
  }
}

export class LinkedTransferRefusedError extends TransferRefusedError {
  override readonly code = 'LINKED_TRANSFER_REFUSED'
  /** The id of the transfer, or of the hold. */
  declare readonly transferId: string
  /** The id of the hold, if it is not a transfer that is refused, but a hold or its release. */
  declare readonly holdId?: string
  /** The transfer of the same atomic group that caused the refusal. */
  declare readonly refusedTransferId: string
  /** The name of the group, if it has one. */
  declare readonly group?: string
  constructor(details: {
    transferId: string
    holdId?: string
    refusedTransferId: string
    group?: string
  }) {
    const { transferId, holdId, refusedTransferId, group } = details
    super(
      group === undefined
        ? `${holdId === undefined ? 'transfer' : 'hold'} ${transferId} is in the same atomic group as ${refusedTransferId}, which was refused`
        : `transfer ${transferId} is in group ${named(group)} with ${refusedTransferId}, which was refused`,
      details,
    )
  }
}

export class InvalidGroupIdError extends LedgerError {
  override readonly code = 'INVALID_GROUP_ID'
  declare readonly groupId: unknown
  constructor(details: { groupId: unknown; expected: string }) {
    super(`group id ${quote(details.groupId)} is not ${details.expected}`, details)
  }
}

/** An exchange that is not one, such as between two accounts of one currency. */
export class InvalidExchangeError extends LedgerError {
  override readonly code = 'INVALID_EXCHANGE'
  declare readonly problem: string
  constructor(details: { problem: string }) {
    super(`the exchange is not possible: ${details.problem}`, details)
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
  constructor(details: { fields: readonly string[] }) {
    super(
      `${details.fields.join(', ')} of an account cannot be written directly, and an account cannot be deleted: use Account.transfer(), open(), freeze(), unfreeze(), close() or setOverdraftLimit()`,
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

export class GroupNotFoundError extends LedgerError {
  override readonly code = 'GROUP_NOT_FOUND'
  declare readonly groupId: string
  constructor(details: { groupId: string }) {
    super(`group ${quote(details.groupId)} does not exist`, details)
  }
}

/** A reversal cannot itself be reversed. */
export class TransferIsReversalError extends LedgerError {
  override readonly code = 'TRANSFER_IS_REVERSAL'
  declare readonly transferId: string
  /** The transfer that it reversed. */
  declare readonly reverses: string
  constructor(details: { transferId: string; reverses: string }) {
    super(
      `transfer ${details.transferId} is itself the reversal of ${details.reverses}: post a new transfer instead`,
      details,
    )
  }
}

/** An attempt to change or delete a transfer, or to create one without posting it. Nothing was written. */
export class TransferImmutableError extends LedgerError {
  override readonly code = 'TRANSFER_IMMUTABLE'
  declare readonly operation: string
  constructor(details: { operation: string }) {
    super(
      `${details.operation} is not possible on transfers: a posted transfer never changes. Reverse it with Transfer.reverse(), or post a new one with Account.transfer()`,
      details,
    )
  }
}

/** Every refusal of a transfer. A `switch` over `code` narrows it to the fields of that refusal. */
export type AnyTransferRefusedError =
  | InvalidTransferIdError
  | InvalidAccountIdError
  | InvalidReferenceError
  | InvalidMetadataError
  | InvalidEffectiveAtError
  | InvalidFieldError
  | InvalidAmountError
  | SameAccountError
  | TransferConflictError
  | AccountNotFoundError
  | AccountNotOpenError
  | CurrencyMismatchError
  | InsufficientFundsError
  | BalanceOutOfRangeError
  | LinkedTransferRefusedError
  | InvalidHoldIdError
  | InvalidExpiresAtError
  | HoldConflictError
  | HoldNotFoundError
  | HoldNotActiveError
  | HoldExceededError

/** Every {@link LedgerError}. A `switch` over `code` narrows it to the fields of that error. */
export type AnyLedgerError =
  | AnyTransferRefusedError
  | InvalidGroupIdError
  | InvalidExchangeError
  | InvalidHolderError
  | InvalidCurrencyError
  | AccountConflictError
  | AccountNotEmptyError
  | AccountHasHoldsError
  | ProtectedFieldError
  | TransferNotFoundError
  | GroupNotFoundError
  | TransferIsReversalError
  | TransferImmutableError
  | HoldProtectedError

const LEDGER_CODES: ReadonlySet<unknown> = new Set<AnyLedgerError['code']>([
  ...REFUSAL_CODES,
  'INVALID_GROUP_ID',
  'INVALID_EXCHANGE',
  'INVALID_HOLDER',
  'INVALID_CURRENCY',
  'ACCOUNT_CONFLICT',
  'ACCOUNT_NOT_EMPTY',
  'ACCOUNT_HAS_HOLDS',
  'PROTECTED_FIELD',
  'TRANSFER_NOT_FOUND',
  'GROUP_NOT_FOUND',
  'TRANSFER_IS_REVERSAL',
  'TRANSFER_IMMUTABLE',
  'HOLD_PROTECTED',
])

/**
 * Whether a caught value is a {@link LedgerError}, so that its `code` narrows it. It goes by the code, so it also holds for
 * an error of another copy of Daybook.
 * @example
 * try {
 *   await Account.transfer({ from: 'ADA', to: 'GRACE', amount: '100' })
 * } catch (error) {
 *   if (!isLedgerError(error)) throw error
 *   if (error.code === 'INSUFFICIENT_FUNDS') console.log(`only ${error.available.toString()} left`)
 * }
 */
export const isLedgerError = (error: unknown): error is AnyLedgerError =>
  error instanceof Error && 'code' in error && LEDGER_CODES.has(error.code)

/**
 * A file or an option that cannot be used as it is. The message says what was found and where (file,
 * line, field), what was expected and what to do next. No data is lost.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
}

function conflictMessage({
  transferId,
  group,
  isWithinGroup,
  ...conflict
}: Pick<
  TransferConflictError,
  'transferId' | 'fields' | 'group' | 'reverses' | 'isWithinGroup'
>): string {
  if (isWithinGroup) return `two transfers of the group have the id ${transferId}`
  return group === undefined
    ? `transfer ${transferId} is already posted ${describeConflict(conflict)}`
    : `transfer ${transferId} cannot join group ${named(group)}, which is already posted without it`
}

/** How the transfer that is posted differs from the request. */
function describeConflict({
  fields,
  reverses,
}: Pick<TransferConflictError, 'fields' | 'reverses'>): string {
  if (fields.length === 0) return 'with the same content'
  const different = fields
    .filter((field) => reverses === undefined || field !== 'reverses')
    .map((field) => (field === 'legs' ? 'number of legs' : field))
  const content = different.length === 0 ? '' : `with a different ${different.join(', ')}`
  if (reverses === undefined) return content
  return `as the reversal of transfer ${named(reverses)}${content && `, ${content}`}`
}

/** The number that would be out of range. */
function outOfRange({
  accountId,
  balance,
  held,
}: Pick<BalanceOutOfRangeError, 'accountId' | 'balance' | 'held'>): string {
  if (held && isOutOfRange(held)) return `what is held of account ${accountId} would become ${held}`
  const after = held ? ' when all that is held of it is captured' : ''
  return `the balance of account ${accountId} would become ${balance}${after}`
}

const nameOf = ({ accountId, side }: { accountId: string; side?: Side }): string =>
  side ? `${side} account ${named(accountId)}` : `account ${named(accountId)}`

/** No mongod could be found, started or reached. The message says why and what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}

/** The database does not allow or cannot do what was asked of it. The message says why and what to do. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}
