import type { StoredTransfer } from './transfer-reader.ts'

/** What the transfers and holds of one batch add up to. */
export interface BatchTally {
  transfers: number
  holds: number
  /** The sums of the amounts in minor units, by currency. */
  readonly amounts: Map<string, bigint>
}

type KeptTally = Pick<BatchTally, 'transfers'> & {
  /** Absent if the holds are read again. */
  readonly holds?: number
  readonly amounts: ReadonlyMap<string, bigint>
}

/** What transfers and holds add up to for each batch that they name. */
export class BatchTallies {
  readonly #tallies = new Map<string, BatchTally>()

  add({ batch, currency, amount }: StoredTransfer): void {
    if (batch === undefined) return
    const tally = this.#tallyOf(batch)
    tally.transfers += 1
    if (currency === undefined || amount === undefined) return
    tally.amounts.set(currency, (tally.amounts.get(currency) ?? 0n) + amount)
  }

  addHold(batch: string): void {
    this.#tallyOf(batch).holds += 1
  }

  append(other: BatchTallies): void {
    for (const [batch, tally] of other.#tallies) this.addTally(batch, tally)
  }

  addTally(batch: string, { transfers, holds = 0, amounts }: KeptTally): void {
    const tally = this.#tallyOf(batch)
    tally.transfers += transfers
    tally.holds += holds
    for (const [currency, sum] of amounts) {
      tally.amounts.set(currency, (tally.amounts.get(currency) ?? 0n) + sum)
    }
  }

  /** The tally of one batch: of nothing if nothing names it. */
  of(batch: string): BatchTally {
    return this.#tallies.get(batch) ?? { transfers: 0, holds: 0, amounts: new Map() }
  }

  /** The names of all batches that transfers or holds name. */
  names(): IterableIterator<string> {
    return this.#tallies.keys()
  }

  #tallyOf(batch: string): BatchTally {
    let tally = this.#tallies.get(batch)
    if (!tally) {
      tally = { transfers: 0, holds: 0, amounts: new Map() }
      this.#tallies.set(batch, tally)
    }
    return tally
  }
}
