import type { Round } from './comparison.ts'

export interface CallersOptions {
  readonly callers: number
  /** How many calls they make together. */
  readonly calls: number
  /** The time after which no call is started. */
  readonly seconds: number
  readonly signal: AbortSignal
}

/** The number of calls before the first measured round: enough for V8 to compile the code that runs often. */
export const warmUpOf = (callers: number): number => Math.max(2 * callers, 400)

/** The time of a round is up. The error has no label, so the driver does not retry the transaction. */
class TimeUp extends Error {}

/** Makes one call. Before each attempt it calls `stopIfTimeUp`, which throws when the time is up. */
export type Call = (stopIfTimeUp: () => void) => Promise<unknown>

/**
 * Runs callers at the same time, each of which makes its next call when the last one has been answered,
 * until all calls are made or the time is up. A call that was stopped counts in the latencies with the time
 * that it had waited. That makes them look better than they are, because its answer would have come later.
 */
export async function runCallers(
  { callers, calls, seconds, signal }: CallersOptions,
  call: Call,
): Promise<Round> {
  const latencies: number[] = []
  let started = 0
  let done = 0
  const start = performance.now()
  const isTimeUp = () => signal.aborted || performance.now() - start > seconds * 1000
  const stopIfTimeUp = () => {
    if (isTimeUp()) throw new TimeUp('the time of the round is up')
  }
  const caller = async () => {
    while (started < calls && !isTimeUp()) {
      started += 1
      const startedAt = performance.now()
      try {
        await call(stopIfTimeUp)
        done += 1
      } catch (error) {
        if (!(error instanceof TimeUp)) throw error
      }
      latencies.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { done, seconds: (performance.now() - start) / 1000, latencies }
}
