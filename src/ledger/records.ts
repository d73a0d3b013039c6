import type { Decimal128 } from '../money/money.ts'

export type AccountStatus = 'open' | 'frozen' | 'closed'

/** An account as it is stored. */
export interface AccountRecord {
  /** The account's number: the caller's own, or one that was made. */
  _id: string
  holder: string
  /** ISO 4217. */
  currency: string
  /** Only an open account sends or receives. */
  status: AccountStatus
  /** `openingBalance` + received − sent; changed by posting alone. */
  balance: Decimal128
  openingBalance: Decimal128
  /** How far below zero the balance may go: zero or more. */
  overdraftLimit: Decimal128
  /** How many transfers it sent and received; the sequence of its latest. */
  transferCount: number
  /** The ids of its latest 100 transfers, oldest first. The full list is a query. */
  transfersComplete: string[]
  createdAt: Date
  /** When its balance, status or limit last changed: never before its latest transfer. */
  updatedAt: Date
}

/** A transfer as it is stored, and as it stays. */
export interface TransferRecord {
  _id: string
  fromAccount: string
  toAccount: string
  amount: Decimal128
  currency: string
  /** The sender's balance after this transfer. */
  fromBalance: Decimal128
  /** The receiver's balance after this transfer. */
  toBalance: Decimal128
  /** The sender's running number of this transfer, from 1. */
  fromSequence: number
  /** The receiver's running number of this transfer, from 1. */
  toSequence: number
  /** Never before an earlier transfer of either account. */
  postedAt: Date
  reverses?: string
  reference?: string
  metadata?: Metadata
  /** The name of the batch that brought it. */
  batch?: string
}

/** Facts of the caller's own about a transfer: a flat object, at most 32 keys. */
export type Metadata = Readonly<Record<string, string | number | boolean>>
