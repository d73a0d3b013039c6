/** A chunk has at least as many rows, unless the file has fewer. */
export const MIN_ROWS = 100
const MAX_ROWS = 20_000
const TARGET_MS = 750

/** Shorter, because others wait in the meantime. */
const CONTENDED_TARGET_MS = 500

/** What it took to post a chunk. */
export interface Effort {
  /** How long its transaction took, without what came before it. */
  readonly milliseconds: number
  /** Whether others write the same accounts. */
  readonly isContended?: boolean
}

/** How many rows to post at once: as many as take about 750 ms, or 500 ms while others write the same accounts. */
export class ChunkSize {
  rows = 1_000

  adjust({ rows, milliseconds, isContended = false }: Effort & { readonly rows: number }): void {
    if (rows === 0) return
    // A short last chunk says little about longer ones.
    if (!isContended && rows < this.rows / 2) return
    const target = isContended ? CONTENDED_TARGET_MS : TARGET_MS
    const fitting = Math.min((rows * target) / milliseconds, this.rows * 4)
    this.rows = Math.round(Math.min(MAX_ROWS, Math.max(MIN_ROWS, fitting)))
  }
}
