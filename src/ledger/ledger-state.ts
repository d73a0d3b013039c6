import type { Decimal } from '../money/money.ts'
import type { HoldBook } from './holds/hold-book.ts'
import type { TransferRecord } from './records.ts'

/** An account as a posting works on it: `balance`, `held`, `transferCount` and `updatedAt` change. */
export interface LedgerAccount {
  readonly _id: string
  readonly currency: string
  readonly status: string
  /** Its overdraft limit, negated. */
  readonly lowestBalance: Decimal
  balance: Decimal
  /** What its holds reserve. Undefined if it had none when it was read. */
  held: Decimal | undefined
  transferCount: number
  updatedAt: Date
  /** When it was opened. Known only where requests are taken over from other books. */
  readonly createdAt?: Date | undefined
}

/** The accounts and transfers that requests are evaluated against. Each posted request changes them. */
export interface Ledger {
  readonly accounts: Map<string, LedgerAccount>
  readonly transfers: Map<string, TransferRecord>
  /** Only if a request is about a hold. */
  readonly holds?: HoldBook | undefined
}

/** The accounts and transfers of a posting, and the holds that its requests name. */
export type LedgerWithHolds = Ledger & { readonly holds: HoldBook }
