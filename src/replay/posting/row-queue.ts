import type { Row } from '../reading/row.ts'

/** How much text is taken at once at most, in characters, however few rows it makes. */
const MOST_TEXT = 8 * 1024 * 1024

/** Rows on their way from a file, given out in chunks of any length. */
export class RowQueue {
  readonly #blocks: AsyncGenerator<Row[]>
  /** Read and not given out: from `#start` on. */
  #rows: Row[] = []
  #start = 0

  constructor(blocks: AsyncGenerator<Row[]>) {
    this.#blocks = blocks
  }

  /** The next rows, so many unless their text is very long; none at the end. One call at a time. */
  async take(count: number, mostText = MOST_TEXT): Promise<readonly Row[]> {
    const taken: Row[] = []
    let text = 0
    while (taken.length < count && text < mostText) {
      if (this.#start === this.#rows.length) {
        const next = await this.#blocks.next()
        if (next.done) break
        this.#rows = next.value
        this.#start = 0
        continue
      }
      const row = this.#rows[this.#start++] as Row
      taken.push(row)
      text += row.text.length
    }
    return taken
  }

  /** All rows, of a batch that is known to be small enough. */
  takeAll(): Promise<readonly Row[]> {
    return this.take(Infinity, Infinity)
  }

  async close(): Promise<void> {
    await this.#blocks.return(undefined)
  }
}

const FEWEST = 100
const MOST = 20_000
const TARGET_MS = 750

/** How many rows to post at once: as many as take about the target time, fewer after a write conflict. */
export class ChunkSize {
  rows = 1_000

  /** Learns from an advance. */
  learn({
    rows,
    milliseconds,
    attempts,
  }: {
    rows: number
    milliseconds: number
    attempts: number
  }) {
    if (rows === 0) return
    const fitting =
      attempts > 1 ? rows / 2 : Math.min((rows * TARGET_MS) / milliseconds, this.rows * 4)
    // A short last chunk says little about longer ones.
    if (attempts === 1 && rows < this.rows / 2) return
    this.rows = Math.round(Math.min(MOST, Math.max(FEWEST, fitting)))
  }
}
