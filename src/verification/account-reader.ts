import { LEAST_TRANSFERS_KEPT } from '../definition.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import { scaleOf } from '../money/currency.ts'
import { LIMIT } from '../money/money.ts'
import { type Digest, openingDigest } from './account-digest.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { checkOwnFields } from './own-field-check.ts'
import { RecordCheck } from './record-check.ts'
import { isStoredId, isStoredText } from './stored-text.ts'
import { LIMITS, moneyRule, showUnits, currencyOf } from './units.ts'
import type { ViolationLog } from './violations.ts'

/** An account as it is stored. What is damaged in the record is undefined. */
export interface StoredAccount {
  readonly id: string
  readonly currency: string | undefined
  readonly status: string | undefined
  /** Money is in minor units. */
  readonly openingBalance: bigint | undefined
  readonly balance: bigint | undefined
  readonly overdraftLimit: bigint | undefined
  /** Zero if the field is absent. */
  readonly held: bigint | undefined
  readonly transferCount: number | undefined
  readonly latestIds: readonly string[] | undefined
  /** In milliseconds. */
  readonly createdAt: number | undefined
  readonly updatedAt: number | undefined
  /** Of what never changes in it. */
  readonly openingDigest: Digest
}

const FIELDS = [
  '_id',
  'holder',
  'currency',
  'status',
  'balance',
  'openingBalance',
  'overdraftLimit',
  'held',
  'transferCount',
  'transfersComplete',
  'metadata',
  'createdAt',
  'updatedAt',
] as const

/** The fields that never change, in the order in which the digest has them. */
const OPENING_FIELDS = ['_id', 'currency', 'openingBalance', 'createdAt'] as const

const MONEY_FIELDS = ['balance', 'openingBalance', 'overdraftLimit', 'held'] as const

const STATUSES = new Set(['open', 'frozen', 'closed'])

/** Reads accounts from their bytes, one after another, and checks what each proves by itself. */
export class AccountReader {
  readonly #reader: DocumentReader<(typeof FIELDS)[number]>
  readonly #ownFields: OwnFields | undefined

  constructor(ownFields: OwnFields | undefined) {
    this.#ownFields = ownFields
    this.#reader = new DocumentReader([...FIELDS, ...((ownFields?.names ?? []) as never[])])
  }

  read(bytes: Buffer): void {
    this.#reader.read(bytes)
  }

  account(): StoredAccount {
    const reader = this.#reader
    const currency = currencyOf(this.#reader)
    const money = (field: (typeof MONEY_FIELDS)[number]) =>
      currency === undefined ? undefined : reader.money(field, scaleOf(currency))
    return {
      id: this.#id(),
      currency,
      status: reader.text('status'),
      openingBalance: money('openingBalance'),
      balance: money('balance'),
      overdraftLimit: money('overdraftLimit'),
      held: reader.has('held') ? money('held') : 0n,
      transferCount: reader.whole('transferCount'),
      latestIds: reader.texts('transfersComplete'),
      createdAt: reader.time('createdAt'),
      updatedAt: reader.time('updatedAt'),
      openingDigest: openingDigest(reader.extract(OPENING_FIELDS)),
    }
  }

  /** Logs what is wrong with the account, whatever its transfers are. */
  check(log: ViolationLog): void {
    const reader = this.#reader
    const check = new RecordCheck(reader, { what: 'account', collection: 'accounts', log })
    if (!isStoredId(reader.text('_id'))) {
      check.add('id', 'has an _id that is not the id of an account')
    }
    check.strangers()
    if (!isStoredText(reader.text('holder'), 256)) {
      check.addField('holder', 'which is not a text of 1–256 printable characters')
    }
    const status = reader.text('status')
    if (status === undefined || !STATUSES.has(status)) {
      check.addField('status', 'which does not exist', 'status')
    }
    this.#checkMoney(check)
    this.#checkTransfers(check)
    this.#checkTimes(check)
    check.metadata()
    if (this.#ownFields) checkOwnFields(reader, this.#ownFields, check)
  }

  #checkMoney(check: RecordCheck): void {
    const reader = this.#reader
    const currency = check.currency()
    if (currency === undefined) return
    const scale = scaleOf(currency)
    const limit = LIMITS[scale] as bigint
    for (const field of MONEY_FIELDS) {
      if (field === 'held' && !reader.has('held')) continue
      const units = reader.money(field, scale)
      if (units === undefined) {
        check.addField(field, moneyRule(currency), 'money')
      } else if (units >= limit || units <= -limit) {
        check.addField(field, `which is not below ${LIMIT}`, 'money')
      } else if (field === 'overdraftLimit' && units < 0n) {
        check.addField(field, 'which is below zero', 'money')
      } else if (field === 'held' && units <= 0n) {
        check.addField(field, 'which is not above zero', 'money')
      }
    }
    const balance = reader.money('balance', scale)
    if (reader.text('status') === 'closed' && balance !== undefined && balance !== 0n) {
      check.add('status', `is closed, but has the balance ${showUnits(balance, currency)}`)
    }
    if (reader.text('status') === 'closed' && reader.has('held')) {
      check.add('status', `is closed, but has ${reader.show('held')} held`)
    }
  }

  #checkTransfers(check: RecordCheck): void {
    const reader = this.#reader
    const transferCount = reader.whole('transferCount')
    check.whole('transferCount', 0)
    const latestIds = reader.texts('transfersComplete')
    if (!latestIds) {
      check.addField('transfersComplete', 'which is not a list of texts')
    } else if (
      // How many ids are kept is up to the definition, which may have changed; earlier versions kept 100.
      transferCount !== undefined &&
      (latestIds.length < Math.min(transferCount, LEAST_TRANSFERS_KEPT) ||
        latestIds.length > transferCount)
    ) {
      const found = latestIds.length
      check.add('latest-ids', `lists ${found} of ${transferCount} transfers in transfersComplete`)
    }
  }

  #checkTimes(check: RecordCheck): void {
    const reader = this.#reader
    for (const field of ['createdAt', 'updatedAt']) check.date(field)
    const [createdAt, updatedAt] = [reader.time('createdAt'), reader.time('updatedAt')]
    if (createdAt !== undefined && updatedAt !== undefined && updatedAt < createdAt) {
      check.add('time', 'was updated before it was opened')
    }
  }

  #id(): string {
    return this.#reader.text('_id') ?? this.#reader.show('_id')
  }
}
