import mongoose from 'mongoose'
import { named } from '../messages.ts'
import { BatchReader, type StoredBatch } from './batch-reader.ts'
import type { BatchTallies, BatchTally } from './batch-tallies.ts'
import type { Books } from './books.ts'
import type { KeptBatch } from './kept-state/state-file.ts'
import { RefusalReader } from './refusal-reader.ts'
import { showUnits } from './units.ts'
import { type ViolationKind, type ViolationLog } from './violations.ts'

/** All batches as they were before the transfers were read, by name. */
export type BatchesBefore = ReadonlyMap<string, StoredBatch>

export async function readBatches(books: Books): Promise<BatchesBefore> {
  const batches = new Map<string, StoredBatch>()
  const reader = new BatchReader()
  await books.inSession([], (session) =>
    books.each('batches', { filter: {} }, session, (bytes) => {
      reader.read(bytes)
      const batch = reader.batch()
      batches.set(batch.name, batch)
    }),
  )
  return batches
}

interface RefusalTally {
  refusals: number
  readonly byCode: Map<string, number>
}

/**
 * Proves the batches by the transfers and refusals that name them. A batch that was replayed in the meantime is at
 * least where it was before they were read, and at most where it is afterwards; a retry turns that round for refusals.
 * A batch that has posted nothing may be started again in the meantime, which removes its record and its refusals first.
 */
export class BatchProof {
  readonly #books: Books
  readonly #before: BatchesBefore
  readonly #kept: ReadonlyMap<string, KeptBatch> | undefined
  readonly #tallies: BatchTallies
  readonly #log: ViolationLog
  readonly #refusals = new Map<string, RefusalTally>()
  /** The batches that are as they were when all their refusals were proven, which are not read again. */
  readonly #withoutRefusals = new Set<string>()

  /**
   * @param options.kept the batches of a kept state, if only what came after it is proven: the tallies include theirs,
   * and the refusals of those whose records are the same are not read again
   */
  constructor(
    books: Books,
    {
      before,
      kept,
      tallies,
      log,
    }: {
      before: BatchesBefore
      kept: ReadonlyMap<string, KeptBatch> | undefined
      tallies: BatchTallies
      log: ViolationLog
    },
  ) {
    this.#books = books
    this.#kept = kept
    this.#before = before
    this.#tallies = tallies
    this.#log = log
  }

  /** Returns how many batches and refusals were read, and the digests of the batches that did not change meanwhile. */
  async run(): Promise<{
    batches: number
    refusals: number
    digests: ReadonlyMap<string, string>
  }> {
    const refusals = await this.#readRefusals()
    const reader = new BatchReader()
    const existing = new Set<string>()
    const digests = new Map<string, string>()
    await this.#books.inSession([], (session) =>
      this.#books.each('batches', { filter: {} }, session, (bytes) => {
        reader.read(bytes)
        reader.check(this.#log)
        const batch = reader.batch()
        existing.add(batch.name)
        if (this.#before.get(batch.name)?.digest === batch.digest) {
          digests.set(batch.name, batch.digest)
        }
        this.#checkTransfers(batch)
        if (!this.#withoutRefusals.has(batch.name)) this.#checkRefusals(batch)
      }),
    )
    for (const name of this.#tallies.names()) {
      if (existing.has(name)) continue
      const { transfers } = this.#tallies.of(name)
      this.#add('batch', name, `does not exist, but ${transfers} transfers name it`)
    }
    for (const [name, tally] of this.#refusals) {
      if (existing.has(name) || this.#before.get(name)?.posted === 0) continue
      this.#add('refusal', name, `does not exist, but ${tally.refusals} refusals name it`)
    }
    return { batches: existing.size, refusals, digests }
  }

  async #readRefusals(): Promise<number> {
    if (!this.#kept) return await this.#readSomeRefusals({})
    let count = 0
    for (const { name, digest } of this.#before.values()) {
      if (this.#kept.get(name)?.digest === digest) this.#withoutRefusals.add(name)
      else count += await this.#readSomeRefusals({ _id: idsOf(name) })
    }
    return count
  }

  async #readSomeRefusals(filter: object): Promise<number> {
    const reader = new RefusalReader()
    let count = 0
    await this.#books.inSession([], (session) =>
      this.#books.each('refusals', { filter }, session, (bytes) => {
        reader.read(bytes)
        reader.check(this.#log)
        count += 1
        const { batch, code } = reader.refusal()
        if (batch === undefined || code === undefined) return
        let tally = this.#refusals.get(batch)
        if (!tally) this.#refusals.set(batch, (tally = { refusals: 0, byCode: new Map() }))
        tally.refusals += 1
        tally.byCode.set(code, (tally.byCode.get(code) ?? 0) + 1)
      }),
    )
    return count
  }

  #checkTransfers(batch: StoredBatch): void {
    const tally: BatchTally = this.#tallies.of(batch.name)
    const { posted, amounts } = this.#leastOf(batch)
    if (!isBetween(tally.transfers, posted, batch.posted)) {
      const problem = `has ${batch.posted} posted, but ${tally.transfers} transfers name it`
      this.#add('batch', batch.name, problem)
    }
    if (!batch.amounts) return
    for (const currency of new Set([...tally.amounts.keys(), ...batch.amounts.keys()])) {
      const sum = tally.amounts.get(currency) ?? 0n
      const most = batch.amounts.get(currency) ?? 0n
      if (isBetween(sum, amounts?.get(currency) ?? 0n, most)) continue
      const [stored, found] = [showUnits(most, currency), showUnits(sum, currency)]
      const problem = `has moved ${stored} ${currency}, but the transfers that name it add up to ${found}`
      this.#add('batch', batch.name, problem)
    }
  }

  #checkRefusals(batch: StoredBatch): void {
    if (this.#isStartedAgain(batch)) return
    const tally = this.#refusals.get(batch.name) ?? { refusals: 0, byCode: new Map() }
    const { refused, refusedByCode } = this.#leastOf(batch)
    const isRetried = this.#isRetried(batch)
    // A retry removes refusals.
    const bounds = isRetried
      ? ([batch.refused, refused] as const)
      : ([refused, batch.refused] as const)
    if (!isBetween(tally.refusals, ...bounds)) {
      const problem = `has ${batch.refused} refused, but ${tally.refusals} refusals name it`
      this.#add('refusal', batch.name, problem)
      return
    }
    // A retry gives refusals another code, so there may have been any number of each.
    if (!batch.refusedByCode || isRetried) return
    for (const code of new Set([...tally.byCode.keys(), ...batch.refusedByCode.keys()])) {
      const found = tally.byCode.get(code) ?? 0
      const most = batch.refusedByCode.get(code) ?? 0
      if (isBetween(found, refusedByCode?.get(code) ?? 0, most)) continue
      const problem = `has ${most} refused as ${named(code)}, but ${found} refusals name it with this code`
      this.#add('refusal', batch.name, problem)
    }
  }

  /** What the batch had at least while its transfers and refusals were read. */
  #leastOf(batch: StoredBatch): Partial<StoredBatch> {
    const before = this.#before.get(batch.name)
    if (!before || this.#isStartedAgain(batch)) return {}
    return before.position === batch.position && before.retry === batch.retry ? batch : before
  }

  /** Whether a batch was started again while transfers and refusals were read. */
  #isStartedAgain({ name, startedAt }: StoredBatch): boolean {
    const before = this.#before.get(name)
    return before?.startedAt !== undefined && before.posted === 0 && before.startedAt !== startedAt
  }

  /** Whether refused lines of a finished batch were tried again while transfers and refusals were read. */
  #isRetried({ name, retry, position }: StoredBatch): boolean {
    const before = this.#before.get(name)
    return before !== undefined && before.position === position && before.retry !== retry
  }

  #add(kind: ViolationKind, name: string, problem: string): void {
    const message = `batch ${named(name)} ${problem}`
    this.#log.add({ kind, collection: 'batches', id: name, message })
  }
}

/** Selects the ids of a batch's refusals. */
const idsOf = (batch: string): object => ({
  $gte: { batch },
  $lt: { batch, line: new mongoose.mongo.MaxKey() },
})

/** Whether a value is within bounds. A damaged bound, which is undefined, is reported with its record. */
const isBetween = <Value extends number | bigint>(
  value: Value,
  least: Value | undefined,
  most: Value | undefined,
): boolean => (least === undefined || value >= least) && (most === undefined || value <= most)
