import { reasonOf, untilAborted } from '../../../src/internal.ts'

/** `problem`: something does not work. `warning`: it works, and something is not as it should be. */
type State = 'ok' | 'warning' | 'problem'

/** What the doctor has found about one thing. */
export interface Finding {
  /** What was looked at, such as `clock`. */
  readonly check: string
  readonly state: State
  /** What was found and, unless it is fine, what to do about it. */
  readonly found: string
}

/** What one look has found, without the name of the check. */
export type Look = Omit<Finding, 'check'>

export const ok = (found: string): Look => ({ state: 'ok', found })
export const warning = (found: string): Look => ({ state: 'warning', found })
export const problem = (found: string): Look => ({ state: 'problem', found })

/** How long one look may take, in milliseconds. A server that answers at all does so sooner. */
const LONGEST_LOOK_MS = 15_000

/** Looks at one thing. What it throws is a problem that was found, and so is a look that takes too long. */
export async function examine(
  check: string,
  signal: AbortSignal,
  look: (signal: AbortSignal) => Look | Promise<Look>,
): Promise<Finding> {
  const timeout = AbortSignal.timeout(LONGEST_LOOK_MS)
  const end = AbortSignal.any([signal, timeout])
  try {
    return { check, ...(await untilAborted(Promise.resolve(look(end)), end)) }
  } catch (error) {
    signal.throwIfAborted()
    const reason = timeout.aborted
      ? `no answer within ${LONGEST_LOOK_MS / 1000} s. Check that the server is not overloaded or stopped, and that nothing on the way drops the connection`
      : reasonOf(error)
    return { check, ...problem(reason) }
  }
}
