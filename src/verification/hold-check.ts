import { EFFECTIVE_AT_RULE, isEffectiveTime } from '../ledger/effective-at.ts'
import { metadataProblem } from '../ledger/metadata.ts'
import { named, quote } from '../messages.ts'
import { isBatchName } from '../models/batch.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { DocumentReader } from './document-reader.ts'
import { isStoredId, isStoredText } from './stored-text.ts'
import { LIMITS, moneyRule, showUnits } from './units.ts'
import type { ViolationKind, ViolationLog } from './violations.ts'

const HOLD_FIELDS = [
  '_id',
  'fromAccount',
  'toAccount',
  'amount',
  'currency',
  'captured',
  'status',
  'expiresAt',
  'createdAt',
  'endedAt',
  'finalCapture',
  'reference',
  'metadata',
  'batch',
] as const

/** A hold as it is stored. What is damaged in the record is undefined. */
export interface StoredHold {
  readonly id: string
  readonly fromAccount: string | undefined
  readonly toAccount: string | undefined
  readonly currency: string | undefined
  readonly status: string | undefined
  /** In minor units. */
  readonly captured: bigint | undefined
  /** What it reserves, in minor units: nothing if it has ended. */
  readonly reserved: bigint | undefined
  /** In milliseconds. */
  readonly createdAt: number | undefined
  readonly endedAt: number | undefined
  /** The id of the transfer that ended it, if one did. */
  readonly finalCapture: string | undefined
  /** The batch that placed it, if one did. */
  readonly batch: string | undefined
}

const STATUSES = new Set(['active', 'captured', 'released', 'expired'])

type Add = (kind: ViolationKind, problem: string) => void

/** Reads holds from their bytes, one after another, and checks what each proves by itself. */
export class HoldReader {
  readonly #reader = new DocumentReader(HOLD_FIELDS)

  read(bytes: Buffer): void {
    this.#reader.read(bytes)
  }

  hold(): StoredHold {
    const reader = this.#reader
    const currency = this.#currency()
    const [amount, captured] = [this.#money('amount'), this.#money('captured')]
    const status = reader.text('status')
    const isWhole = amount !== undefined && captured !== undefined
    return {
      id: reader.text('_id') ?? reader.show('_id'),
      fromAccount: reader.text('fromAccount'),
      toAccount: reader.text('toAccount'),
      currency,
      status,
      captured,
      reserved: status === 'active' ? (isWhole ? amount - captured : undefined) : 0n,
      createdAt: this.#time('createdAt'),
      endedAt: this.#time('endedAt'),
      finalCapture: reader.text('finalCapture'),
      batch: reader.text('batch'),
    }
  }

  /** Logs what is wrong with the hold, whatever the other records are. */
  check(log: ViolationLog): void {
    const reader = this.#reader
    const id = reader.text('_id') ?? reader.show('_id')
    const add: Add = (kind, problem) =>
      log.add({ kind, collection: 'holds', id, message: `hold ${named(id)} ${problem}` })
    if (!isStoredId(reader.text('_id'))) add('id', 'has an _id that is not the id of a hold')
    for (const name of reader.strangers) {
      add('unknown-field', `has the field ${quote(name)}, which is unknown or repeated`)
    }
    this.#checkMoney(add)
    this.#checkStatus(add)
    this.#checkTimes(add)
    this.#checkContent(add)
  }

  #checkMoney(add: Add): void {
    const reader = this.#reader
    const currency = this.#currency()
    if (currency === undefined) {
      add('currency', `is in ${reader.show('currency')}, which is not a currency`)
      return
    }
    const limit = LIMITS[scaleOf(currency)] as bigint
    for (const field of ['amount', 'captured'] as const) {
      const units = this.#money(field)
      const least = field === 'amount' ? 1n : 0n
      if (units === undefined) {
        add('money', `has the ${field} ${reader.show(field)}, ${moneyRule(currency)}`)
      } else if (units < least || units >= limit) {
        add('money', `has the ${field} ${reader.show(field)}, which it cannot have`)
      }
    }
    const [amount = 0n, captured = 0n] = [this.#money('amount'), this.#money('captured')]
    if (captured > amount) {
      const [more, less] = [showUnits(captured, currency), showUnits(amount, currency)]
      add('hold', `has captured ${more} of ${less}`)
    }
  }

  #checkStatus(add: Add): void {
    const reader = this.#reader
    const status = reader.text('status')
    if (status === undefined || !STATUSES.has(status)) {
      add('status', `has the status ${reader.show('status')}, which does not exist`)
      return
    }
    const isUsedUp =
      this.#money('captured') !== undefined && this.#money('captured') === this.#money('amount')
    if (isUsedUp && status !== 'captured') {
      add('status', `is ${status}, but all of it is captured`)
    }
    if (status === 'captured' && this.#money('captured') === 0n) {
      add('status', 'is captured, but nothing of it is')
    }
    if (status === 'expired' && !reader.has('expiresAt')) {
      add('status', 'is expired, but has no expiresAt')
    }
    for (const [field, isExpected] of [
      ['endedAt', status !== 'active'],
      ['finalCapture', status === 'captured'],
    ] as const) {
      if (reader.has(field) === isExpected) continue
      add('status', `is ${status}, but has ${isExpected ? 'no' : 'the field'} ${field}`)
    }
  }

  /** A hold ends after it was placed, and expires at its time, not before. */
  #checkTimes(add: Add): void {
    const endedAt = this.#time('endedAt')
    if (endedAt === undefined) return
    const expiresAt =
      this.#reader.text('status') === 'expired' ? this.#time('expiresAt') : undefined
    for (const [earlier, field] of [
      [this.#time('createdAt'), 'createdAt'],
      [expiresAt, 'expiresAt'],
    ] as const) {
      if (earlier === undefined || earlier <= endedAt) continue
      const [end, start] = [endedAt, earlier].map((time) => new Date(time).toISOString())
      add('time', `has the endedAt ${end}, which is before its ${field} ${start}`)
    }
  }

  #checkContent(add: Add): void {
    const reader = this.#reader
    for (const field of ['fromAccount', 'toAccount'] as const) {
      if (reader.text(field) === undefined) {
        add('field', `has the ${field} ${reader.show(field)}, which is not the id of an account`)
      }
    }
    const payer = reader.text('fromAccount')
    if (payer !== undefined && payer === reader.text('toAccount')) {
      add('self-transfer', `has the account ${named(payer)} as both sender and receiver`)
    }
    for (const field of ['createdAt', 'endedAt', 'expiresAt'] as const) {
      if (field !== 'createdAt' && !reader.has(field)) continue
      if (!isEffectiveTime(reader.time(field) ?? NaN)) {
        add('field', `has the ${field} ${reader.show(field)}, which is not ${EFFECTIVE_AT_RULE}`)
      }
    }
    if (reader.has('finalCapture') && !isStoredId(reader.text('finalCapture'))) {
      const found = reader.show('finalCapture')
      add('field', `has the finalCapture ${found}, which is not the id of a transfer`)
    }
    if (reader.has('reference') && !isStoredText(reader.text('reference'), 256)) {
      const found = reader.show('reference')
      add('field', `has the reference ${found}, which is not a text of 1–256 printable characters`)
    }
    if (reader.has('metadata')) {
      const metadata = reader.object('metadata')
      const problem = metadata ? metadataProblem(metadata) : 'is not an object of keys and values'
      if (problem !== undefined) {
        const found = reader.show('metadata')
        add('field', `has the metadata ${found}, whose content is not allowed: it ${problem}`)
      }
    }
    if (reader.has('batch') && !isBatchName(reader.text('batch') ?? '')) {
      add('field', `has the batch ${reader.show('batch')}, which is not the name of a batch`)
    }
  }

  #money(field: 'amount' | 'captured'): bigint | undefined {
    const currency = this.#currency()
    return currency === undefined ? undefined : this.#reader.money(field, scaleOf(currency))
  }

  /** A time of the record that can be one. */
  #time(field: 'createdAt' | 'endedAt' | 'expiresAt'): number | undefined {
    const time = this.#reader.time(field)
    return isEffectiveTime(time ?? NaN) ? time : undefined
  }

  #currency(): string | undefined {
    const currency = this.#reader.text('currency')
    return isCurrency(currency) ? currency : undefined
  }
}
