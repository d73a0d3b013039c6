import type { OwnFields } from '../ledger/own-fields.ts'
import { scaleOf } from '../money/currency.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { TRANSFER_FIELDS } from '../ledger/documents/transfer-fields.ts'
import { type TransferFields, checkTransfer } from './transfer-check.ts'
import { currencyOf } from './units.ts'
import type { ViolationLog } from './violations.ts'

/** One side of a transfer, as its account sees it. What is damaged in the record is undefined. */
export interface Entry {
  readonly transferId: string
  /** The account that the entry belongs to. */
  readonly accountId: string | undefined
  readonly sequence: number | undefined
  readonly currency: string | undefined
  /** In milliseconds. */
  readonly postedAt: number | undefined
  /** The change of the account's balance in minor units: negative if it sent, positive if it received. */
  readonly change: bigint | undefined
  /** The account's balance after the transfer, in minor units. */
  readonly balance: bigint | undefined
  /** The whole transfer as it is stored, valid until the next one is read. */
  readonly bytes: Buffer
}

/** A transfer as it is stored. What is damaged in the record is undefined. */
export interface StoredTransfer {
  readonly id: string
  readonly fromAccount: string | undefined
  readonly toAccount: string | undefined
  readonly currency: string | undefined
  readonly amount: bigint | undefined
  readonly fromSequence: number | undefined
  readonly toSequence: number | undefined
  /** In milliseconds. */
  readonly postedAt: number | undefined
  readonly reverses: string | undefined
  readonly hold: string | undefined
  readonly batch: string | undefined
}

/** Reads transfers from their bytes, one after another, and checks what each proves by itself. */
export class TransferReader {
  readonly #reader: TransferFields
  readonly #ownFields: OwnFields | undefined
  /** Undefined if it is damaged. Without it, no money of the transfer can be read. */
  #currency: string | undefined
  #bytes: Buffer = Buffer.alloc(0)

  /** A reader that is to check transfers needs the fields that they have of the ledger's own. */
  constructor(ownFields?: OwnFields) {
    this.#ownFields = ownFields
    this.#reader = new DocumentReader([
      ...TRANSFER_FIELDS,
      ...((ownFields?.names ?? []) as never[]),
    ])
  }

  read(bytes: Buffer): void {
    this.#bytes = bytes
    this.#reader.read(bytes)
    this.#currency = currencyOf(this.#reader)
  }

  entry(side: 'from' | 'to'): Entry {
    const reader = this.#reader
    const currency = this.#currency
    const scale = currency === undefined ? undefined : scaleOf(currency)
    const amount = scale === undefined ? undefined : reader.money('amount', scale)
    const isSender = side === 'from'
    return {
      transferId: this.#id(),
      accountId: reader.text(isSender ? 'fromAccount' : 'toAccount'),
      sequence: reader.whole(isSender ? 'fromSequence' : 'toSequence'),
      currency,
      postedAt: reader.time('postedAt'),
      change: isSender && amount !== undefined ? -amount : amount,
      balance:
        scale === undefined
          ? undefined
          : reader.money(isSender ? 'fromBalance' : 'toBalance', scale),
      bytes: this.#bytes,
    }
  }

  transfer(): StoredTransfer {
    const reader = this.#reader
    const currency = this.#currency
    return {
      id: this.#id(),
      fromAccount: reader.text('fromAccount'),
      toAccount: reader.text('toAccount'),
      currency,
      amount: currency === undefined ? undefined : reader.money('amount', scaleOf(currency)),
      fromSequence: reader.whole('fromSequence'),
      toSequence: reader.whole('toSequence'),
      postedAt: reader.time('postedAt'),
      reverses: reader.text('reverses'),
      hold: reader.text('hold'),
      batch: reader.text('batch'),
    }
  }

  /** Logs what is wrong with the transfer, whatever the other records are. */
  check(log: ViolationLog): void {
    checkTransfer(this.#reader, { ownFields: this.#ownFields, log })
  }

  #id(): string {
    return this.#reader.text('_id') ?? this.#reader.show('_id')
  }
}
