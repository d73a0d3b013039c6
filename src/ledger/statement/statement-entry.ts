import { inCurrency, storedMoney } from '../../money/json.ts'
import { type Decimal, toDecimal } from '../../money/money.ts'
import type { OwnFields } from '../own-fields.ts'
import type { ShownFields, TransferFields, TransferRecord } from '../records.ts'

/** A transfer as one of its two accounts sees it. */
export interface StatementEntry extends ShownFields<TransferFields> {
  /** The number of the transfer among all of the account's, from 1. */
  readonly sequence: number
  readonly postedAt: Date
  /** When it happened, if the transfer has a date of its own. */
  readonly effectiveAt?: Date
  readonly transferId: string
  /** The id of the other account. */
  readonly counterparty: string
  /** Positive if the account received it, negative if it sent it. */
  readonly amount: Decimal
  /** The account's balance after the transfer, in the order of the statement. */
  readonly balance: Decimal
  readonly reference?: string
  /** The id of the group that the transfer is a leg of, with its number among the legs, and how many there are. */
  readonly group?: string
  readonly leg?: number
  readonly legs?: number
  /** The id of the transfer that this one reverses. */
  readonly reverses?: string
}

/** A side of a transfer: the fields of the account that sees it, and how to read it from there. */
export interface EntrySide {
  readonly account: 'fromAccount' | 'toAccount'
  readonly sequence: 'fromSequence' | 'toSequence'
  /** `ownFields` are those that the ledger's transfers have of their own. */
  readonly entryOf: (transfer: TransferRecord, ownFields: OwnFields | undefined) => StatementEntry
}

const SENT: EntrySide = {
  account: 'fromAccount',
  sequence: 'fromSequence',
  entryOf: (transfer, ownFields) => ({
    ...commonFields(transfer),
    sequence: transfer.fromSequence,
    counterparty: transfer.toAccount,
    amount: inCurrency(toDecimal(transfer.amount).neg(), transfer.currency),
    balance: storedMoney(transfer.fromBalance),
    ...ownFields?.shown(transfer),
  }),
}

const RECEIVED: EntrySide = {
  account: 'toAccount',
  sequence: 'toSequence',
  entryOf: (transfer, ownFields) => ({
    ...commonFields(transfer),
    sequence: transfer.toSequence,
    counterparty: transfer.fromAccount,
    amount: storedMoney(transfer.amount),
    balance: storedMoney(transfer.toBalance),
    ...ownFields?.shown(transfer),
  }),
}

/** What an account sent, and what it received. */
export const SIDES = [SENT, RECEIVED] as const

function commonFields(transfer: TransferRecord) {
  const { _id: transferId, postedAt, effectiveAt, reference, group, leg, legs, reverses } = transfer
  return {
    transferId,
    postedAt,
    ...(effectiveAt && { effectiveAt }),
    ...(reference !== undefined && { reference }),
    ...(group !== undefined && { group }),
    ...(leg !== undefined && { leg }),
    ...(legs !== undefined && { legs }),
    ...(reverses !== undefined && { reverses }),
  }
}
