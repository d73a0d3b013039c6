import { hash as digestOf } from 'node:crypto'

/** How many bytes of a hash make an id: with a billion ids, two are equal with a chance of 1 in 10^11. */
const HASH_BYTES = 12

/** What an id is made of. */
export interface Content {
  readonly values: readonly string[]
  /** The side from which the record sees the transfer, if it is not a part of its values. */
  readonly side: 'from' | 'to' | undefined
}

/**
 * Makes ids of the content of records: the hash of the content, and from the second record with equal content
 * on its number, as in `3f2a…-2`. So a record has the same id in every file that has its equals before it.
 */
export class ContentIds {
  readonly #prefix: string
  readonly #occurrences = new OccurrenceCounts()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /**
   * The id of the next record of the file. Records with equal content are counted for each side on its own, so that
   * the two records of one transfer, from the statements of both its accounts, have the same id.
   */
  next({ values, side }: Content): string {
    const hash = hashOf(values)
    const occurrence = this.#occurrences.add(side === undefined ? hash : hashOf([side, ...values]))
    const id = this.#prefix + hash.toString('hex', 0, HASH_BYTES)
    return occurrence === 1 ? id : `${id}-${occurrence}`
  }
}

const hashOf = (values: readonly string[]): Buffer =>
  digestOf('sha256', JSON.stringify(values), 'buffer')

const WORDS = HASH_BYTES / 4
const SLOT = WORDS + 1

/**
 * How often each hash has come. A table of open addresses in one array of numbers: a slot has the three words of
 * a hash and its count. A million different hashes take 32 MB; a map of texts would take 150.
 */
class OccurrenceCounts {
  #table = new Uint32Array(1024 * SLOT)
  #used = 0

  /** Counts a hash. Returns how often it has come by now. */
  add(hash: Buffer): number {
    if (this.#used * 2 >= this.#table.length / SLOT) this.#grow()
    const words = [hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8)]
    const slot = this.#slotOf(words)
    const count = (this.#table[slot + WORDS] as number) + 1
    if (count === 1) {
      this.#table.set(words, slot)
      this.#used += 1
    }
    this.#table[slot + WORDS] = count
    return count
  }

  /** Where a hash is, or the free slot for it. */
  #slotOf(words: ArrayLike<number>): number {
    const table = this.#table
    const slots = table.length / SLOT
    let slot = ((words[0] as number) % slots) * SLOT
    while (table[slot + WORDS] !== 0) {
      if (table[slot] === words[0] && table[slot + 1] === words[1] && table[slot + 2] === words[2])
        return slot
      slot = (slot + SLOT) % table.length
    }
    return slot
  }

  #grow(): void {
    const old = this.#table
    this.#table = new Uint32Array(old.length * 2)
    for (let slot = 0; slot < old.length; slot += SLOT) {
      if (old[slot + WORDS] === 0) continue
      const entry = old.subarray(slot, slot + SLOT)
      this.#table.set(entry, this.#slotOf(entry))
    }
  }
}
