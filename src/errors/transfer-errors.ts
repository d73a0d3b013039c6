import { named, quote } from '../messages.ts'
import { isCurrency } from '../money/currency.ts'
import { type Decimal, formatMoney, isOutOfRange } from '../money/money.ts'
import { LedgerError, type Side, TransferRefusedError } from './ledger-error.ts'

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

export class CurrencyMismatchError extends TransferRefusedError {
  override readonly code = 'CURRENCY_MISMATCH'
  /** The currency of the request, or the sender's if the request does not name one. */
  declare readonly expected: unknown
  declare readonly accountId: string
  declare readonly side: Side
  declare readonly currency: string
  /** `what` is in the other currency: a transfer or a hold. */
  constructor({
    what = 'transfer',
    ...details
  }: {
    accountId: string
    side: Side
    currency: string
    expected: unknown
    what?: 'transfer' | 'hold'
  }) {
    super(
      `${details.side} account ${details.accountId} is in ${details.currency}, but the ${what} is in ${quote(details.expected)}${isCurrency(details.expected) ? '' : ', which is not an ISO 4217 code'}`,
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

export class LinkedTransferRefusedError extends TransferRefusedError {
  override readonly code = 'LINKED_TRANSFER_REFUSED'
  /** The id of the transfer, or of the hold. */
  declare readonly transferId: string
  /** The id of the hold, if it is not a transfer that is refused, but a hold or its release. */
  declare readonly holdId?: string
  /** The transfer of the same atomic group that caused the refusal, or the place of the record that did. */
  declare readonly refusedTransferId: string
  /** The name of the group, if it has one. */
  declare readonly group?: string
  /** `beside` says that the cause may be no part of the group: a line next to it, or between its lines, that cannot be read. */
  constructor({
    beside,
    ...details
  }: {
    transferId: string
    holdId?: string
    refusedTransferId: string
    group?: string
    beside?: boolean
  }) {
    const { transferId, holdId, refusedTransferId, group } = details
    super(
      group === undefined
        ? `${holdId === undefined ? 'transfer' : 'hold'} ${transferId} is in the same atomic group as ${refusedTransferId}, which was refused`
        : beside
          ? `transfer ${transferId} is in group ${named(group)} beside ${refusedTransferId}, which cannot be read and may belong to the group. Correct that line first`
          : `transfer ${transferId} is in group ${named(group)} with ${refusedTransferId}, which was refused`,
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
