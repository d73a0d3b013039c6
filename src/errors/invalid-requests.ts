import { quote } from '../messages.ts'
import { LedgerError, type Side, TransferRefusedError } from './ledger-error.ts'

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

export class InvalidHoldIdError extends TransferRefusedError {
  override readonly code = 'INVALID_HOLD_ID'
  declare readonly holdId: unknown
  constructor(details: { holdId: unknown; expected: string }) {
    super(`hold id ${quote(details.holdId)} is not ${details.expected}`, details)
  }
}

export class InvalidExpiresAtError extends TransferRefusedError {
  override readonly code = 'INVALID_EXPIRES_AT'
  declare readonly expiresAt: unknown
  constructor(details: { expiresAt: unknown; expected: string }) {
    super(`expiresAt ${shownDate(details.expiresAt)} is not ${details.expected}`, details)
  }
}

const shownDate = (date: unknown): string =>
  date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : quote(date)

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
