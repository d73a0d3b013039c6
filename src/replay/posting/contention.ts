/** How long the first pauses after a write conflict last on average, in milliseconds. */
const PAUSE_MS = 15

/** A rest must be longer than any of these pauses, or the others would miss it. */
const SHORTEST_REST_MS = 40

const LONGEST_REST_MS = 1_000

/**
 * Whether others write the accounts of a replay at the same time, and how it shares them. Others are replays of other
 * processes, or callers of `Account.transfer()`.
 *
 * Of two transactions that write one account, the server aborts the second at once, with all the work that it has done. So
 * a replay that met a conflict claims the accounts of a chunk before it works on it ({@link isExpected}). If somebody has
 * them, it tries again after a short {@link pause}. When it has posted the chunk, it leaves the accounts to others for as
 * long as it used them ({@link rest}), so that each of them comes in. Every chunk that meets nobody halves the rest. A
 * replay that is alone again soon does none of this.
 */
export class Contention {
  #isMet = false
  #rest = 0

  /** How long to leave the accounts to others before the next chunk, in milliseconds: 0 if nobody was met lately. */
  get rest(): number {
    return this.#rest
  }

  /** Whether somebody was met lately. */
  get isExpected(): boolean {
    return this.#isMet || this.#rest > 0
  }

  /** A chunk met a write conflict. */
  meet(): void {
    this.#isMet = true
  }

  /**
   * How long to wait after a conflict, in milliseconds, if the attempt has taken some time. Unlike the driver's pauses these do
   * not grow: who has waited for long would hardly get in before those who have just come.
   */
  pause(milliseconds: number): number {
    return Math.max(PAUSE_MS, milliseconds) * (0.5 + Math.random())
  }

  /** A chunk was posted, in some time. */
  post(milliseconds: number): void {
    const rest = this.#isMet ? Math.max(SHORTEST_REST_MS, milliseconds) : this.#rest / 2
    this.#rest = rest < SHORTEST_REST_MS ? 0 : Math.min(rest, LONGEST_REST_MS)
    this.#isMet = false
  }
}
