import type { Row } from '../reading/row.ts'

/** The text of a chunk may reach this many characters; then the chunk takes no more rows. */
const TEXT_LIMIT = 8 * 1024 * 1024

/** Reads rows from a file in blocks, and hands them out in chunks of any length. */
export class RowQueue {
  readonly #blocks: AsyncGenerator<Row[]>
  /** The last block that was read. Its rows before `#start` are handed out. */
  #rows: Row[] = []
  #start = 0

  constructor(blocks: AsyncGenerator<Row[]>) {
    this.#blocks = blocks
  }

  /**
   * The next `count` rows, or fewer if their text reaches the limit or the file ends. At the end of the file
   * there are none. Call it again only after the last call is done.
   */
  async take(count: number, textLimit = TEXT_LIMIT): Promise<readonly Row[]> {
    const taken: Row[] = []
    let textLength = 0
    while (taken.length < count && textLength < textLimit) {
      if (this.#start === this.#rows.length) {
        const next = await this.#blocks.next()
        if (next.done) break
        this.#rows = next.value
        this.#start = 0
        continue
      }
      const row = this.#rows[this.#start++] as Row
      taken.push(row)
      textLength += row.text.length
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
