import { EFFECTIVE_AT_RULE, isEffectiveTime } from '../ledger/effective-at.ts'
import { scaleOf } from '../money/currency.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { RecordCheck } from './record-check.ts'
import { isStoredId } from './stored-text.ts'
import { LIMITS, moneyRule, showUnits, currencyOf } from './units.ts'
import type { ViolationLog } from './violations.ts'

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

/** Reads holds from their bytes, one after another, and checks what each proves by itself. */
export class HoldReader {
  readonly #reader = new DocumentReader(HOLD_FIELDS)

  read(bytes: Buffer): void {
    this.#reader.read(bytes)
  }

  hold(): StoredHold {
    const reader = this.#reader
    const currency = currencyOf(this.#reader)
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
    const check = new RecordCheck(reader, { what: 'hold', collection: 'holds', log })
    if (!isStoredId(reader.text('_id'))) check.add('id', 'has an _id that is not the id of a hold')
    check.strangers()
    this.#checkMoney(check)
    this.#checkStatus(check)
    this.#checkTimes(check)
    this.#checkContent(check)
  }

  #checkMoney(check: RecordCheck): void {
    const currency = check.currency()
    if (currency === undefined) return
    const limit = LIMITS[scaleOf(currency)] as bigint
    for (const field of ['amount', 'captured'] as const) {
      const units = this.#money(field)
      const least = field === 'amount' ? 1n : 0n
      if (units === undefined) {
        check.addField(field, moneyRule(currency), 'money')
      } else if (units < least || units >= limit) {
        check.addField(field, 'which it cannot have', 'money')
      }
    }
    const [amount = 0n, captured = 0n] = [this.#money('amount'), this.#money('captured')]
    if (captured > amount) {
      const [more, less] = [showUnits(captured, currency), showUnits(amount, currency)]
      check.add('hold', `has captured ${more} of ${less}`)
    }
  }

  #checkStatus(check: RecordCheck): void {
    const reader = this.#reader
    const status = reader.text('status')
    if (status === undefined || !STATUSES.has(status)) {
      check.addField('status', 'which does not exist', 'status')
      return
    }
    const isUsedUp =
      this.#money('captured') !== undefined && this.#money('captured') === this.#money('amount')
    if (isUsedUp && status !== 'captured') {
      check.add('status', `is ${status}, but all of it is captured`)
    }
    if (status === 'captured' && this.#money('captured') === 0n) {
      check.add('status', 'is captured, but nothing of it is')
    }
    if (status === 'expired' && !reader.has('expiresAt')) {
      check.add('status', 'is expired, but has no expiresAt')
    }
    for (const [field, isExpected] of [
      ['endedAt', status !== 'active'],
      ['finalCapture', status === 'captured'],
    ] as const) {
      if (reader.has(field) === isExpected) continue
      check.add('status', `is ${status}, but has ${isExpected ? 'no' : 'the field'} ${field}`)
    }
  }

  /** A hold ends after it was placed, and expires at its time, not before. */
  #checkTimes(check: RecordCheck): void {
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
      check.add('time', `has the endedAt ${end}, which is before its ${field} ${start}`)
    }
  }

  #checkContent(check: RecordCheck): void {
    const reader = this.#reader
    check.accounts()
    check.differentAccounts()
    for (const field of ['createdAt', 'endedAt', 'expiresAt'] as const) {
      if (field !== 'createdAt' && !reader.has(field)) continue
      if (!isEffectiveTime(reader.time(field) ?? NaN)) {
        check.addField(field, `which is not ${EFFECTIVE_AT_RULE}`)
      }
    }
    if (reader.has('finalCapture') && !isStoredId(reader.text('finalCapture'))) {
      check.addField('finalCapture', 'which is not the id of a transfer')
    }
    check.reference()
    check.metadata()
    check.batch()
  }

  #money(field: 'amount' | 'captured'): bigint | undefined {
    const currency = currencyOf(this.#reader)
    return currency === undefined ? undefined : this.#reader.money(field, scaleOf(currency))
  }

  /** A time of the record that can be one. */
  #time(field: 'createdAt' | 'endedAt' | 'expiresAt'): number | undefined {
    const time = this.#reader.time(field)
    return isEffectiveTime(time ?? NaN) ? time : undefined
  }
}
