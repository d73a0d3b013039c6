import type { Types } from 'mongoose'
import type { Decimal, Decimal128, MoneyInput } from '../money/money.ts'

export type AccountStatus = 'open' | 'frozen' | 'closed'

/**
 * The fields that a project adds to accounts, for the compiler. `defineLedger()` adds them at run time.
 * @example
 * declare module 'daybook' {
 *   interface AccountFields {
 *     branch: 'NORTH' | 'SOUTH'
 *   }
 * }
 */
export interface AccountFields {}

/** The fields that a project adds to transfers, as {@link AccountFields}. */
export interface TransferFields {}

/** Own fields as a request may give them. */
export type FieldInputs<Fields> = {
  readonly [Name in keyof Fields]: FieldInput<NonNullable<Fields[Name]>> | MissingIn<Fields, Name>
}

/** Own fields as an export has them: decimals and ObjectIds are text. */
export type ExportedFields<Fields> = {
  readonly [Name in keyof Fields]?: NonNullable<Fields[Name]> extends Decimal128 | Types.ObjectId
    ? string
    : NonNullable<Fields[Name]>
}

/** Own fields as a statement shows them: decimals are of decimal.js. */
export type ShownFields<Fields> = {
  readonly [Name in keyof Fields]?: NonNullable<Fields[Name]> extends Decimal128
    ? Decimal
    : NonNullable<Fields[Name]>
}

type FieldInput<Value> = Value extends Decimal128
  ? MoneyInput
  : Value extends Types.ObjectId
    ? Types.ObjectId | string
    : Value

type MissingIn<Fields, Name extends keyof Fields> =
  Partial<Pick<Fields, Name>> extends Pick<Fields, Name> ? null | undefined : never

/** An account as it is stored. */
export interface AccountRecord extends AccountFields {
  /** Chosen by the caller, or made by Daybook. */
  _id: string
  holder: string
  /** ISO 4217. */
  currency: string
  /** Only an open account can send or receive. */
  status: AccountStatus
  /** `openingBalance` + received − sent; changed only by posting. */
  balance: Decimal128
  openingBalance: Decimal128
  /** How far below zero the balance may go: zero or more. */
  overdraftLimit: Decimal128
  /** What its active holds have reserved and not captured. Absent if that is nothing. */
  held?: Decimal128
  /** How many transfers it has sent and received, which is also the sequence of its latest. */
  transferCount: number
  /** The ids of its latest transfers, oldest first: 10 unless the ledger's definition says otherwise. The full list is a query. */
  transfersComplete: string[]
  metadata?: Metadata
  createdAt: Date
  /** When its balance, held money, status or limit last changed: never before its latest transfer. */
  updatedAt: Date
}

/** A transfer as it is stored. It never changes. */
export interface TransferRecord extends TransferFields {
  _id: string
  fromAccount: string
  toAccount: string
  amount: Decimal128
  currency: string
  /** The sender's balance after this transfer. */
  fromBalance: Decimal128
  /** The receiver's balance after this transfer. */
  toBalance: Decimal128
  /** The number of this transfer among all of the sender's, from 1. */
  fromSequence: number
  /** The number of this transfer among all of the receiver's, from 1. */
  toSequence: number
  /** Never before an earlier transfer of either account. */
  postedAt: Date
  /** When it happened, as the caller says. Absent if that is when it was posted. */
  effectiveAt?: Date
  /** The id of the group that it is a leg of: the legs of a group are posted all or nothing. */
  group?: string
  /** Its number among the legs of its group, from 1. */
  leg?: number
  /** How many legs its group has. */
  legs?: number
  /** The id of the transfer that this one reverses. */
  reverses?: string
  /** The id of the hold that it captured money of. */
  hold?: string
  reference?: string
  metadata?: Metadata
  /** The name of the batch that it came with. */
  batch?: string
}

/** A group of transfers as it is stored. Its id is taken when its legs are posted, so that a group is posted once. */
export interface TransferGroupRecord {
  /** Chosen by the caller. */
  _id: string
  /** How many transfers it has. */
  legs: number
  /** When its first leg was posted. */
  postedAt: Date
}

/** An active hold can be captured and released. The others are ends, and final. */
export type HoldStatus = 'active' | 'captured' | 'released' | 'expired'

/** A hold as it is stored: money of an account that is promised to another one. */
export interface HoldRecord {
  _id: string
  fromAccount: string
  toAccount: string
  /** What was reserved. It never changes. */
  amount: Decimal128
  currency: string
  /** What was captured of it so far: zero or more, and at most `amount`. */
  captured: Decimal128
  /** An active one may have expired without being marked so: see `expiresAt`. */
  status: HoldStatus
  /** From then on, by the server's clock, it reserves nothing and cannot be captured. Absent if it never expires. */
  expiresAt?: Date
  createdAt: Date
  /** When it ended. Absent while it is active. */
  endedAt?: Date
  /** The id of the capture that ended it, if one did. */
  finalCapture?: string
  reference?: string
  metadata?: Metadata
  /** The name of the batch that it came with. */
  batch?: string
}

/** The caller's own facts about an account, a transfer or a hold: a flat object with at most 32 keys. */
export type Metadata = Readonly<Record<string, string | number | boolean>>
