import { createHash } from 'node:crypto'
import { BATCH_NAME_RULE, isBatchName } from '../models/batch.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { RecordCheck } from './record-check.ts'
import type { ViolationLog } from './violations.ts'

/** A batch as it is stored. What is damaged in the record is undefined. */
export interface StoredBatch {
  readonly name: string
  /** The SHA-256 of the record in hex. */
  readonly digest: string
  readonly position: number | undefined
  readonly posted: number | undefined
  readonly holdsPlaced: number
  readonly holdsReleased: number
  readonly refused: number | undefined
  readonly refusedByCode: ReadonlyMap<string, number> | undefined
  /** How far the refused lines were tried again, as a text to compare. */
  readonly retry: string
  /** In minor units, by currency. */
  readonly amounts: ReadonlyMap<string, bigint> | undefined
}

const COUNTS = ['records', 'position', 'line', 'posted', 'existing', 'refused'] as const
/** The counts that are absent while they are zero. */
const OPTIONAL_COUNTS = [
  'skipped',
  'additional',
  'accountsOpened',
  'holdsPlaced',
  'holdsReleased',
] as const
const TEXTS = ['source', 'digest', 'reading'] as const

const FIELDS = [
  '_id',
  ...TEXTS,
  ...COUNTS,
  ...OPTIONAL_COUNTS,
  'refusedByCode',
  'amountByCurrency',
  'status',
  'startedAt',
  'finishedAt',
  'retry',
] as const

const RETRY_COUNTS = ['number', 'lines', 'position', 'posted', 'existing', 'refused'] as const

/** Reads batches from their bytes, one after another, and checks what each proves by itself. */
export class BatchReader {
  readonly #reader = new DocumentReader(FIELDS)
  #digest = ''

  read(bytes: Buffer): void {
    this.#reader.read(bytes)
    this.#digest = createHash('sha256').update(bytes).digest('hex')
  }

  batch(): StoredBatch {
    const reader = this.#reader
    return {
      name: reader.text('_id') ?? reader.show('_id'),
      digest: this.#digest,
      position: reader.whole('position'),
      posted: reader.whole('posted'),
      holdsPlaced: reader.whole('holdsPlaced') ?? 0,
      holdsReleased: reader.whole('holdsReleased') ?? 0,
      refused: reader.whole('refused'),
      refusedByCode: this.#refusedByCode(),
      retry: JSON.stringify(this.#reader.object('retry') ?? null),
      amounts: this.#amounts(),
    }
  }

  /** Logs what is wrong with the batch, whatever its transfers and refusals are. */
  check(log: ViolationLog): void {
    const reader = this.#reader
    const check = new RecordCheck(reader, { what: 'batch', collection: 'batches', log })
    if (!isBatchName(reader.text('_id') ?? '')) {
      check.addField('_id', `which is not ${BATCH_NAME_RULE}`, 'id')
    }
    check.strangers()
    for (const field of TEXTS) {
      if (reader.text(field) === undefined) check.addField(field, 'which is not a text')
    }
    for (const field of COUNTS) check.whole(field, 0)
    for (const field of OPTIONAL_COUNTS) if (reader.has(field)) check.whole(field, 1)
    this.#checkStatus(check)
    this.#checkSums(check)
    this.#checkRetry(check)
  }

  #checkStatus(check: RecordCheck): void {
    const reader = this.#reader
    const status = reader.text('status')
    if (status !== 'running' && status !== 'finished') {
      check.addField('status', 'which does not exist', 'status')
    }
    for (const field of ['startedAt', 'finishedAt'] as const) {
      if (field === 'startedAt' || reader.has(field)) check.date(field)
    }
    if ((status === 'finished') !== reader.has('finishedAt')) {
      const found = reader.show('finishedAt')
      check.add('status', `has the status ${reader.show('status')}, but its finishedAt is ${found}`)
    }
    const [position, records] = [reader.whole('position'), reader.whole('records')]
    if (position === undefined || records === undefined) return
    if (status === 'finished' ? position !== records : position > records) {
      check.add(
        'batch',
        `has the status ${reader.show('status')} at position ${position} of ${records} records`,
      )
    }
  }

  #checkSums(check: RecordCheck): void {
    const reader = this.#reader
    const [position, posted, existing, refused] = (
      ['position', 'posted', 'existing', 'refused'] as const
    ).map((field) => reader.whole(field))
    const [skipped, additional] = OPTIONAL_COUNTS.map((field) =>
      reader.has(field) ? reader.whole(field) : 0,
    )
    if (
      position !== undefined &&
      posted !== undefined &&
      existing !== undefined &&
      refused !== undefined &&
      skipped !== undefined &&
      additional !== undefined &&
      position + additional !== posted + existing + refused + skipped
    ) {
      const asked = additional === 0 ? '' : ` with ${additional} additional transfers`
      check.add(
        'batch',
        `is at position ${position}${asked}, but has ${posted} posted, ${existing} existing, ${refused} refused and ${skipped} skipped`,
      )
    }
    const { holdsPlaced, holdsReleased } = this.batch()
    if (posted !== undefined && holdsPlaced + holdsReleased > posted) {
      check.add(
        'batch',
        `has ${posted} posted, but ${holdsPlaced} holds placed and ${holdsReleased} released`,
      )
    }
    const byCode = this.#refusedByCode()
    if (!byCode) {
      check.addField('refusedByCode', 'which is not an object of whole numbers (int)')
    } else if (refused !== undefined) {
      const sum = [...byCode.values()].reduce((total, count) => total + count, 0)
      if (sum !== refused) check.add('batch', `has ${refused} refused, but ${sum} by code`)
    }
    if (this.#amounts() === undefined) {
      const rule = 'which is not an object of currencies and Decimal128 amounts'
      check.addField('amountByCurrency', rule, 'money')
    }
  }

  #checkRetry(check: RecordCheck): void {
    const reader = this.#reader
    if (!reader.has('retry')) return
    const retry = reader.embedded('retry')
    const counts = retry && mapOf(RETRY_COUNTS, (field) => retry.whole(field))
    if (!counts || retry.time('startedAt') === undefined) {
      check.addField('retry', 'which is not an object with its counts (int) and when it started')
      return
    }
    const [lines = 0, ...tried] = ['lines', 'posted', 'existing', 'refused'].map(
      (field) => counts.get(field) ?? 0,
    )
    const sum = tried.reduce((total, count) => total + count, 0)
    const isEnded = retry.time('finishedAt') !== undefined
    if (isEnded ? sum === lines : sum <= lines) return
    const state = isEnded ? 'ended' : 'is running'
    check.add('batch', `has a retry of ${lines} lines that ${state} after ${sum} of them`)
  }

  #refusedByCode(): Map<string, number> | undefined {
    const counts = this.#reader.embedded('refusedByCode')
    return mapOf(counts?.names, (code) => counts?.whole(code))
  }

  #amounts(): Map<string, bigint> | undefined {
    const amounts = this.#reader.embedded('amountByCurrency')
    return mapOf(amounts?.names, (currency) =>
      isCurrency(currency) ? amounts?.money(currency, scaleOf(currency)) : undefined,
    )
  }
}

/** The values of names. Undefined if there are no names, or if one of them has no value. */
function mapOf<Value>(
  names: readonly string[] | undefined,
  valueOf: (name: string) => Value | undefined,
): Map<string, Value> | undefined {
  if (!names) return undefined
  const map = new Map<string, Value>()
  for (const name of names) {
    const value = valueOf(name)
    if (value === undefined) return undefined
    map.set(name, value)
  }
  return map
}
