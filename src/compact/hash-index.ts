/** The highest number that an index can hold. */
export const MOST_NUMBER = 2 ** 32 - 2

/**
 * Finds numbers by texts without keeping the texts: it has 32 bits of a hash for each. So it asks whether a number is
 * the one that is looked for, which is seldom not so. A number takes 11 to 21 bytes, outside of the heap.
 */
export class HashIndex {
  #hashes = new Uint32Array(1_024)
  /** For each hash its number plus one; zero if the slot is free. */
  #entries = new Uint32Array(1_024)
  #size = 0

  /** The number of a text: one with the text's hash, if `isIt`. */
  find(text: string, isIt: (number: number) => boolean): number | undefined {
    const hash = hashOf(text)
    for (let slot = this.#firstSlot(hash); ; slot = this.#slotAfter(slot)) {
      const entry = this.#entries[slot] as number
      if (entry === 0) return undefined
      if (this.#hashes[slot] === hash && isIt(entry - 1)) return entry - 1
    }
  }

  /** Adds a text that has no number yet. */
  add(text: string, number: number): void {
    if (this.#size >= this.#entries.length * 0.75) this.#grow()
    this.#size += 1
    this.#put(hashOf(text), number + 1)
  }

  /** Gives a text another number. */
  replace(text: string, { from, to }: { from: number; to: number }): void {
    const hash = hashOf(text)
    let slot = this.#firstSlot(hash)
    while (this.#hashes[slot] !== hash || this.#entries[slot] !== from + 1) {
      slot = this.#slotAfter(slot)
    }
    this.#entries[slot] = to + 1
  }

  #firstSlot(hash: number): number {
    return hash & (this.#entries.length - 1)
  }

  #slotAfter(slot: number): number {
    return (slot + 1) & (this.#entries.length - 1)
  }

  #put(hash: number, entry: number): void {
    let slot = this.#firstSlot(hash)
    while (this.#entries[slot] !== 0) slot = this.#slotAfter(slot)
    this.#hashes[slot] = hash
    this.#entries[slot] = entry
  }

  #grow(): void {
    const [hashes, entries] = [this.#hashes, this.#entries]
    this.#hashes = new Uint32Array(2 * hashes.length)
    this.#entries = new Uint32Array(2 * entries.length)
    for (let slot = 0; slot < entries.length; slot++) {
      const entry = entries[slot] as number
      if (entry !== 0) this.#put(hashes[slot] as number, entry)
    }
  }
}

/** FNV-1a over the characters, mixed at the end so that its low bits depend on all of them. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad)
  return (hash ^ (hash >>> 15)) >>> 0
}
