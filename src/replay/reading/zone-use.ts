import type { ReadingOptions } from './reading-options.ts'

/** Notes whether dates without a zone of their own were read in the zone of the options. */
export class ZoneUse {
  #isUsed = false
  readonly #timeZone: string

  constructor({ timeZone = 'UTC' }: ReadingOptions) {
    this.#timeZone = timeZone
  }

  readonly note = (): void => {
    this.#isUsed = true
  }

  /** The zone, if it was used. */
  readonly zone = (): string | undefined => (this.#isUsed ? this.#timeZone : undefined)
}
