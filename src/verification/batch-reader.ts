import { createHash } from 'node:crypto'
import { named, quote } from '../messages.ts'
import { BATCH_NAME_RULE, isBatchName } from '../models/batch.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { DocumentReader } from './document-reader.ts'
import { WHOLE_NUMBER_RULE } from './units.ts'
import { type ViolationKind, type ViolationLog } from './violations.ts'

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
    const { name } = this.batch()
    const add: Add = (kind, problem) =>
      log.add({
        kind,
        collection: 'batches',
        id: name,
        message: `batch ${named(name)} ${problem}`,
      })
    if (!isBatchName(reader.text('_id') ?? '')) {
      add('id', `has the _id ${reader.show('_id')}, which is not ${BATCH_NAME_RULE}`)
    }
    for (const field of reader.strangers) {
      add('unknown-field', `has the field ${quote(field)}, which is unknown or repeated`)
    }
    for (const field of TEXTS) {
      if (reader.text(field) === undefined) {
        add('field', `has the ${field} ${reader.show(field)}, which is not a text`)
      }
    }
    for (const field of COUNTS) {
      if ((reader.whole(field) ?? -1) < 0) {
        add('field', `has the ${field} ${reader.show(field)}, ${WHOLE_NUMBER_RULE} 0 or more`)
      }
    }
    for (const field of OPTIONAL_COUNTS) {
      if (!reader.has(field) || (reader.whole(field) ?? 0) > 0) continue
      add('field', `has the ${field} ${reader.show(field)}, ${WHOLE_NUMBER_RULE} 1 or more`)
    }
    this.#checkStatus(add)
    this.#checkSums(add)
    this.#checkRetry(add)
  }

  #checkStatus(add: Add): void {
    const reader = this.#reader
    const status = reader.text('status')
    if (status !== 'running' && status !== 'finished') {
      add('status', `has the status ${reader.show('status')}, which does not exist`)
    }
    for (const field of ['startedAt', 'finishedAt'] as const) {
      const isExpected = field === 'startedAt' || reader.has(field)
      if (isExpected && reader.time(field) === undefined) {
        add('field', `has the ${field} ${reader.show(field)}, which is not a date`)
      }
    }
    if ((status === 'finished') !== reader.has('finishedAt')) {
      const found = reader.show('finishedAt')
      add('status', `has the status ${reader.show('status')}, but its finishedAt is ${found}`)
    }
    const [position, records] = [reader.whole('position'), reader.whole('records')]
    if (position === undefined || records === undefined) return
    if (status === 'finished' ? position !== records : position > records) {
      add(
        'batch',
        `has the status ${reader.show('status')} at position ${position} of ${records} records`,
      )
    }
  }

  #checkSums(add: Add): void {
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
      add(
        'batch',
        `is at position ${position}${asked}, but has ${posted} posted, ${existing} existing, ${refused} refused and ${skipped} skipped`,
      )
    }
    const { holdsPlaced, holdsReleased } = this.batch()
    if (posted !== undefined && holdsPlaced + holdsReleased > posted) {
      add(
        'batch',
        `has ${posted} posted, but ${holdsPlaced} holds placed and ${holdsReleased} released`,
      )
    }
    const byCode = this.#refusedByCode()
    if (!byCode) {
      const found = reader.show('refusedByCode')
      add('field', `has the refusedByCode ${found}, which is not an object of whole numbers (int)`)
    } else if (refused !== undefined) {
      const sum = [...byCode.values()].reduce((total, count) => total + count, 0)
      if (sum !== refused) add('batch', `has ${refused} refused, but ${sum} by code`)
    }
    if (this.#amounts() === undefined) {
      const found = reader.show('amountByCurrency')
      add(
        'money',
        `has the amountByCurrency ${found}, which is not an object of currencies and Decimal128 amounts`,
      )
    }
  }

  #checkRetry(add: Add): void {
    const reader = this.#reader
    if (!reader.has('retry')) return
    const retry = reader.embedded('retry')
    const counts = retry && mapOf(RETRY_COUNTS, (field) => retry.whole(field))
    if (!counts || retry.time('startedAt') === undefined) {
      const expected = 'an object with its counts (int) and when it started'
      add('field', `has the retry ${reader.show('retry')}, which is not ${expected}`)
      return
    }
    const [lines = 0, ...tried] = ['lines', 'posted', 'existing', 'refused'].map(
      (field) => counts.get(field) ?? 0,
    )
    const sum = tried.reduce((total, count) => total + count, 0)
    const isEnded = retry.time('finishedAt') !== undefined
    if (isEnded ? sum === lines : sum <= lines) return
    const state = isEnded ? 'ended' : 'is running'
    add('batch', `has a retry of ${lines} lines that ${state} after ${sum} of them`)
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

type Add = (kind: ViolationKind, problem: string) => void
