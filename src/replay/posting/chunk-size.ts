const MIN_ROWS = 100
const MAX_ROWS = 20_000
const TARGET_MS = 750

interface PostedChunk {
  readonly rows: number
  readonly milliseconds: number
  readonly attempts: number
}

/** How many rows to post at once: as many as take about 750 ms, and fewer after a write conflict. */
export class ChunkSize {
  rows = 1_000

  adjust({ rows, milliseconds, attempts }: PostedChunk): void {
    if (rows === 0) return
    const fitting =
      attempts > 1 ? rows / 2 : Math.min((rows * TARGET_MS) / milliseconds, this.rows * 4)
    // A short last chunk says little about longer ones.
    if (attempts === 1 && rows < this.rows / 2) return
    this.rows = Math.round(Math.min(MAX_ROWS, Math.max(MIN_ROWS, fitting)))
  }
}
