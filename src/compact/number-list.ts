type NumberArray = Uint16Array | Uint32Array | Float64Array

/** Numbers that are appended one by one, in a typed array that grows: a million take a few MB, outside of the heap. */
export class NumberList<Numbers extends NumberArray> {
  #numbers: Numbers
  #length = 0
  readonly #allocate: (length: number) => Numbers

  constructor(allocate: (length: number) => Numbers) {
    this.#allocate = allocate
    this.#numbers = allocate(1_024)
  }

  get length(): number {
    return this.#length
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const longer = this.#allocate(2 * this.#length)
      longer.set(this.#numbers)
      this.#numbers = longer
    }
    this.#numbers[this.#length++] = number
  }

  /** The number at an index, which must be below the length. */
  at(index: number): number {
    return this.#numbers[index] as number
  }

  /** The numbers as they are now, in memory that is shared with the list. */
  toArray(): Numbers {
    return this.#numbers.subarray(0, this.#length) as Numbers
  }
}
