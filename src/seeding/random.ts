/**
 * Numbers that follow from their seeds alone: integer arithmetic (the generator sfc32) and nothing of
 * `Math` whose last digit is left to the engine, so that they are the same on every machine.
 */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  constructor(...seeds: readonly number[]) {
    this.seed(seeds)
  }

  /** Begins again; each seed counts with all of its 53 bits. */
  seed(seeds: number | readonly number[]): void {
    let a = 0x9e3779b9
    let b = 0x243f6a88
    let c = 0xb7e15162
    for (const seed of typeof seeds === 'number' ? [seeds] : seeds) {
      a = scrambled(a ^ seed)
      b = scrambled(b ^ Math.floor(seed / 2 ** 32) ^ a)
      c = scrambled(c ^ b)
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#counter = 1
    for (let round = 0; round < 12; round++) this.next()
  }

  /** From 0 to below 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }

  /** A whole number; both bounds are among them. */
  whole({ least, most }: { least: number; most: number }): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  isLikely(share: number): boolean {
    return this.next() < share
  }

  /** One of at least one. */
  pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[Math.floor(this.next() * choices.length)] as Choice
  }

  /** A value with a long tail: between two neighbours of a table of equally likely steps. */
  tailed(quantiles: readonly number[]): number {
    const place = this.next() * (quantiles.length - 1)
    const step = Math.floor(place)
    const low = quantiles[step] ?? 0
    const high = quantiles[step + 1] ?? low
    return low + (high - low) * (place - step)
  }
}

function scrambled(value: number): number {
  let word = value | 0
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
  return word ^ (word >>> 15)
}
