import { countOf, named } from '../messages.ts'
import { BatchReader, type StoredBatch } from './batch-reader.ts'
import type { BatchTallies, BatchTally } from './batch-tallies.ts'
import type { Books } from './books.ts'
import type { KeptBatch } from './kept-state/state-file.ts'
import { RefusalReader } from './refusal-reader.ts'
import { type RefusalTally, addRefusal, agrees, differences, idsOf } from './refusal-tally.ts'
import { showUnits } from './units.ts'
import type { ViolationKind, ViolationLog } from './violations.ts'

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

/**
 * Proves the batches by the transfers, holds and refusals that name them. Transfers and holds stay, so a batch that was replayed in the
 * meantime has posted at least what it had before they were read, and at most what it has afterwards. Refusals do not: a
 * retry removes them, and so does a batch that starts again. Where they disagree, both are read again at one moment.
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
    /** Those whose refusals do not agree with their records. */
    const doubtful = new Set<string>()
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
        this.#checkPosted(batch)
        if (!this.#withoutRefusals.has(batch.name) && !agrees(batch, this.#tallyOf(batch.name))) {
          doubtful.add(batch.name)
        }
      }),
    )
    for (const name of this.#tallies.names()) {
      if (existing.has(name)) continue
      const { transfers, holds } = this.#tallies.of(name)
      const found = transfers > 0 ? naming(transfers, 'transfer') : naming(holds, 'hold')
      this.#add('batch', name, `does not exist, but ${found}`)
    }
    for (const name of this.#refusals.keys()) if (!existing.has(name)) doubtful.add(name)
    for (const name of doubtful) await this.#checkAtOnce(name)
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
        const tally = this.#tallyOf(batch)
        this.#refusals.set(batch, tally)
        addRefusal(tally, code)
      }),
    )
    return count
  }

  #tallyOf(batch: string): RefusalTally {
    return this.#refusals.get(batch) ?? { refusals: 0, byCode: new Map() }
  }

  #checkPosted(batch: StoredBatch): void {
    const tally: BatchTally = this.#tallies.of(batch.name)
    const least = this.#leastOf(batch)
    const { amounts } = least
    const most = transfersOf(batch)
    if (!isBetween(tally.transfers, transfersOf(least), most)) {
      const isPart = most !== batch.posted
      const problem = `has ${batch.posted} posted${isPart ? `, of which ${most} are transfers` : ''}, but ${naming(tally.transfers, 'transfer')}`
      this.#add('batch', batch.name, problem)
    }
    if (!isBetween(tally.holds, least.holdsPlaced, batch.holdsPlaced)) {
      const problem = `has placed ${countOf(batch.holdsPlaced, 'hold')}, but ${naming(tally.holds, 'hold')}`
      this.#add('batch', batch.name, problem)
    }
    if (!batch.amounts) return
    for (const currency of new Set([...tally.amounts.keys(), ...batch.amounts.keys()])) {
      const sum = tally.amounts.get(currency) ?? 0n
      const moved = batch.amounts.get(currency) ?? 0n
      if (isBetween(sum, amounts?.get(currency) ?? 0n, moved)) continue
      const [stored, found] = [showUnits(moved, currency), showUnits(sum, currency)]
      const problem = `has moved ${stored} ${currency}, but the transfers that name it add up to ${found}`
      this.#add('batch', batch.name, problem)
    }
  }

  /** What the batch had posted at least while its transfers were read. */
  #leastOf(batch: StoredBatch): Partial<StoredBatch> {
    const before = this.#before.get(batch.name)
    // One that has posted nothing may have started again.
    if (!before || before.posted === 0) return {}
    return before.position === batch.position && before.retry === batch.retry ? batch : before
  }

  /** Reads a batch and its refusals at one moment, and logs what does not agree. */
  async #checkAtOnce(name: string): Promise<void> {
    await this.#books.inSnapshot(async (session) => {
      let batch: StoredBatch | undefined
      const batches = new BatchReader()
      await this.#books.each('batches', { filter: { _id: name } as object }, session, (bytes) => {
        batches.read(bytes)
        batch = batches.batch()
      })
      const tally: RefusalTally = { refusals: 0, byCode: new Map() }
      const reader = new RefusalReader()
      const filter = { _id: idsOf(name) } as object
      await this.#books.each('refusals', { filter }, session, (bytes) => {
        reader.read(bytes)
        const { code } = reader.refusal()
        if (code !== undefined) addRefusal(tally, code)
      })
      this.#logRefusals(name, batch, tally)
    })
  }

  #logRefusals(name: string, batch: StoredBatch | undefined, tally: RefusalTally): void {
    if (!batch) {
      if (tally.refusals === 0) return
      this.#add('refusal', name, `does not exist, but ${naming(tally.refusals, 'refusal')}`)
    } else if (batch.refused !== undefined && batch.refused !== tally.refusals) {
      const problem = `has ${batch.refused} refused, but ${naming(tally.refusals, 'refusal')}`
      this.#add('refusal', name, problem)
    } else {
      for (const [code, most, found] of differences(batch, tally)) {
        const problem = `has ${most} refused as ${named(code)}, but ${naming(found, 'refusal')} with this code`
        this.#add('refusal', name, problem)
      }
    }
  }

  #add(kind: ViolationKind, name: string, problem: string): void {
    const message = `batch ${named(name)} ${problem}`
    this.#log.add({ kind, collection: 'batches', id: name, message })
  }
}

/** How many records name a batch, as a clause: `1 transfer names it`. */
const naming = (count: number, noun: string): string =>
  `${countOf(count, noun)} ${count === 1 ? 'names' : 'name'} it`

/** How many of those posted are transfers. */
const transfersOf = ({
  posted,
  holdsPlaced = 0,
  holdsReleased = 0,
}: Partial<StoredBatch>): number | undefined =>
  posted === undefined ? undefined : posted - holdsPlaced - holdsReleased

/** Whether a value is within bounds. A damaged bound, which is undefined, is reported with its record. */
const isBetween = <Value extends number | bigint>(
  value: Value,
  least: Value | undefined,
  most: Value | undefined,
): boolean => (least === undefined || value >= least) && (most === undefined || value <= most)
