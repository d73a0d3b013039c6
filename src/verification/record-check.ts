import { metadataProblem } from '../ledger/metadata.ts'
import { named, quote } from '../messages.ts'
import { isBatchName } from '../models/batch.ts'
import type { DocumentReader } from '../ledger/documents/document-reader.ts'
import { isStoredText } from './stored-text.ts'
import { WHOLE_NUMBER_RULE, currencyOf } from './units.ts'
import type { CollectionName, ViolationKind, ViolationLog } from './violations.ts'

/** Logs what is wrong with one record, whatever the other records are. */
export class RecordCheck {
  readonly #reader: DocumentReader<string>
  readonly #log: ViolationLog
  readonly #what: string
  readonly #collection: CollectionName
  readonly #id: string

  /** @param options.what what the record is called in messages, such as `transfer` */
  constructor(
    reader: DocumentReader<string>,
    { what, collection, log }: { what: string; collection: CollectionName; log: ViolationLog },
  ) {
    this.#reader = reader
    this.#log = log
    this.#what = what
    this.#collection = collection
    this.#id = reader.text('_id') ?? reader.show('_id')
  }

  /** `problem` is a phrase that follows the name of the record. */
  add(kind: ViolationKind, problem: string): void {
    const message = `${this.#what} ${named(this.#id)} ${problem}`
    this.#log.add({ kind, collection: this.#collection, id: this.#id, message })
  }

  /** A field has a wrong value. `rule` says which values are right, as the end of the message. */
  addField(name: string, rule: string, kind: ViolationKind = 'field'): void {
    this.add(kind, `has the ${name} ${this.#reader.show(name)}, ${rule}`)
  }

  strangers(): void {
    for (const name of this.#reader.strangers) {
      this.add('unknown-field', `has the field ${quote(name)}, which is unknown or repeated`)
    }
  }

  /** A whole number of `least` or more. */
  whole(name: string, least: number): void {
    const value = this.#reader.whole(name)
    if (value === undefined || value < least) {
      this.addField(name, `${WHOLE_NUMBER_RULE} ${least} or more`)
    }
  }

  date(name: string): void {
    if (this.#reader.time(name) === undefined) this.addField(name, 'which is not a date')
  }

  /** Returns the currency of the record; undefined if it is none. */
  currency(): string | undefined {
    const currency = currencyOf(this.#reader)
    if (currency === undefined) {
      this.add('currency', `is in ${this.#reader.show('currency')}, which is not a currency`)
    }
    return currency
  }

  /** The accounts that a transfer or a hold names. */
  accounts(): void {
    for (const name of ['fromAccount', 'toAccount']) {
      if (this.#reader.text(name) === undefined) {
        this.addField(name, 'which is not the id of an account')
      }
    }
  }

  differentAccounts(): void {
    const payer = this.#reader.text('fromAccount')
    if (payer === undefined || payer !== this.#reader.text('toAccount')) return
    this.add('self-transfer', `has the account ${named(payer)} as both sender and receiver`)
  }

  reference(): void {
    const reader = this.#reader
    if (!reader.has('reference') || isStoredText(reader.text('reference'), 256)) return
    this.addField('reference', 'which is not a text of 1–256 printable characters')
  }

  metadata(): void {
    const reader = this.#reader
    if (!reader.has('metadata')) return
    const metadata = reader.object('metadata')
    const problem = metadata ? metadataProblem(metadata) : 'is not an object of keys and values'
    if (problem !== undefined) {
      this.addField('metadata', `whose content is not allowed: it ${problem}`)
    }
  }

  batch(): void {
    const reader = this.#reader
    if (!reader.has('batch') || isBatchName(reader.text('batch') ?? '')) return
    this.addField('batch', 'which is not the name of a batch')
  }
}
