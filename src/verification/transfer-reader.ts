import {
  REVERSAL_SUFFIX,
  isIdentifier,
  isPrintableText,
  metadataProblem,
  reversalId,
} from '../ledger/request.ts'
import { quote } from '../messages.ts'
import { isBatchName } from '../models/batch.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { LIMIT } from '../money/money.ts'
import { DocumentReader } from './document-reader.ts'
import { LIMITS, moneyRule } from './units.ts'
import { type ViolationKind, type ViolationLog, nameOf } from './violations.ts'

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
  readonly reverses: string | undefined
  readonly batch: string | undefined
}

const FIELDS = [
  '_id',
  'fromAccount',
  'toAccount',
  'amount',
  'currency',
  'fromBalance',
  'toBalance',
  'fromSequence',
  'toSequence',
  'postedAt',
  'reverses',
  'reference',
  'metadata',
  'batch',
] as const

/** The fields of a transfer that {@link TransferReader.entry} needs for the receiver's side. */
export const RECEIVED_FIELDS = {
  toAccount: 1,
  toSequence: 1,
  toBalance: 1,
  amount: 1,
  currency: 1,
  postedAt: 1,
}

/** Reads transfers from their bytes, one after another, and checks what each proves by itself. */
export class TransferReader {
  readonly #reader = new DocumentReader(FIELDS)
  /** Undefined if it is damaged. Without it, no money of the transfer can be read. */
  #currency: string | undefined

  read(bytes: Buffer): void {
    this.#reader.read(bytes)
    const currency = this.#reader.text('currency')
    this.#currency = isCurrency(currency) ? currency : undefined
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
      reverses: reader.text('reverses'),
      batch: reader.text('batch'),
    }
  }

  /** Logs what is wrong with the transfer, whatever the other records are. */
  check(log: ViolationLog): void {
    const reader = this.#reader
    const id = reader.text('_id')
    const add = (kind: ViolationKind, problem: string) => {
      const name = id === undefined ? reader.show('_id') : nameOf(id)
      log.add({
        kind,
        collection: 'transfers',
        id: id ?? reader.show('_id'),
        message: `transfer ${name} ${problem}`,
      })
    }
    if (!isIdentifier(id)) add('id', 'has an _id that is not the id of a transfer')
    for (const name of reader.strangers) {
      add('unknown-field', `has the field ${quote(name)}, which is unknown or repeated`)
    }
    this.#checkMoney(add)
    this.#checkSides(add)
    if (reader.time('postedAt') === undefined) {
      add('field', `has the postedAt ${reader.show('postedAt')}, which is not a date`)
    }
    this.#checkOptionalFields(add, id)
  }

  #checkMoney(add: (kind: ViolationKind, problem: string) => void): void {
    const reader = this.#reader
    const currency = this.#currency
    if (currency === undefined) {
      add('currency', `is in ${reader.show('currency')}, which is not a currency`)
      return
    }
    const scale = scaleOf(currency)
    const limit = LIMITS[scale] as bigint
    for (const field of ['amount', 'fromBalance', 'toBalance'] as const) {
      const units = reader.money(field, scale)
      if (units === undefined) {
        add('money', `has the ${field} ${reader.show(field)}, ${moneyRule(currency)}`)
      } else if (units >= limit || units <= -limit) {
        add('money', `has the ${field} ${reader.show(field)}, which is not below ${LIMIT}`)
      } else if (field === 'amount' && units <= 0n) {
        add('money', `has the amount ${reader.show(field)}, which is not above zero`)
      }
    }
  }

  #checkSides(add: (kind: ViolationKind, problem: string) => void): void {
    const reader = this.#reader
    for (const field of ['fromAccount', 'toAccount'] as const) {
      if (reader.text(field) === undefined) {
        add('field', `has the ${field} ${reader.show(field)}, which is not the id of an account`)
      }
    }
    for (const field of ['fromSequence', 'toSequence'] as const) {
      const sequence = reader.whole(field)
      if (sequence === undefined || sequence < 1) {
        add('field', `has the ${field} ${reader.show(field)}, ${WHOLE_NUMBER_RULE} 1 or more`)
      }
    }
    const sender = reader.text('fromAccount')
    if (sender !== undefined && sender === reader.text('toAccount')) {
      add('self-transfer', `has the account ${nameOf(sender)} as both sender and receiver`)
    }
  }

  #checkOptionalFields(
    add: (kind: ViolationKind, problem: string) => void,
    id: string | undefined,
  ): void {
    const reader = this.#reader
    if (reader.has('reference') && !isPrintableText(reader.text('reference'), 256)) {
      const found = reader.show('reference')
      add('field', `has the reference ${found}, which is not a text of 1–256 printable characters`)
    }
    if (reader.has('metadata')) {
      const metadata = reader.object('metadata')
      const problem = metadata ? metadataProblem(metadata) : 'is not an object of keys and values'
      if (problem !== undefined) {
        add(
          'field',
          `has the metadata ${reader.show('metadata')}, whose content is not allowed: it ${problem}`,
        )
      }
    }
    if (reader.has('batch') && !isBatchName(reader.text('batch') ?? '')) {
      add('field', `has the batch ${reader.show('batch')}, which is not the name of a batch`)
    }
    const reverses = reader.text('reverses')
    if (!reader.has('reverses')) {
      if (id?.endsWith(REVERSAL_SUFFIX)) {
        add('reversal', 'has the id of a reversal, but does not reverse a transfer')
      }
    } else if (reverses === undefined || reversalId(reverses) !== id) {
      const found = reader.show('reverses')
      add('reversal', `reverses ${found}, but does not have the id of its reversal`)
    }
  }

  #id(): string {
    return this.#reader.text('_id') ?? this.#reader.show('_id')
  }
}

/** What a stored number must be, as the end of a message: a lower bound follows. */
export const WHOLE_NUMBER_RULE = 'which is not a whole number (int) of'
