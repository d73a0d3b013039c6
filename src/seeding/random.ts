/**
 * A random number generator (sfc32) that draws the same numbers from the same seeds on every machine. It uses
 * only integer arithmetic, because the last digit of functions such as `Math.exp` differs between JavaScript
 * engines.
 */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  constructor(...seeds: readonly number[]) {
    this.seed(seeds)
  }

  /** Starts again from these seeds. All 53 bits of each seed count. */
  seed(seeds: readonly number[]): void {
    let a = 0x9e3779b9
    let b = 0x243f6a88
    let c = 0xb7e15162
    for (const seed of seeds) {
      a = scramble(a ^ seed)
      b = scramble(b ^ Math.floor(seed / 2 ** 32) ^ a)
      c = scramble(c ^ b)
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#counter = 1
    for (let round = 0; round < 12; round++) this.next()
  }

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }

  /** A whole number from `least` to `most`, both included. */
  whole({ least, most }: { least: number; most: number }): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** True with this probability, from 0 to 1. */
  isLikely(probability: number): boolean {
    return this.next() < probability
  }

  /** One of the choices. There must be at least one, unless `Choice` includes undefined. */
  pick<Choice>(choices: ArrayLike<Choice>): Choice {
    return choices[Math.floor(this.next() * choices.length)] as Choice
  }

  /** A number from a distribution, given by its quantiles at equal steps of probability. */
  fromQuantiles(quantiles: readonly number[]): number {
    const position = this.next() * (quantiles.length - 1)
    const step = Math.floor(position)
    const low = quantiles[step] ?? 0
    const high = quantiles[step + 1] ?? low
    return low + (high - low) * (position - step)
  }
}

function scramble(value: number): number {
  let word = value | 0
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
  return word ^ (word >>> 15)
}
