import type { Round } from './contest.ts'

export interface CallersOptions {
  readonly callers: number
  /** How many calls they make between them. */
  readonly calls: number
  /** After so long no call is begun any more. */
  readonly seconds: number
  readonly signal: AbortSignal
}

/** How many calls are made before the first measured round: by then V8 has compiled what runs often. */
export const warmUpOf = (callers: number): number => Math.max(2 * callers, 400)

/** The time of a round is up. It has no label, so the driver does not try the transaction again. */
class TimeUp extends Error {}

/** Makes one call. Before each new attempt it calls what it is given, which throws once the time is up. */
export type Call = (stopIfTimeUp: () => void) => Promise<unknown>

/**
 * Lets callers make calls, each its next as soon as it has the last one's answer, until all are made or
 * the time is up. Calls that were stopped are in the latencies with the time that they had waited, which
 * can only flatter them: the answer would have come later still.
 */
export async function inCalls(
  { callers, calls, seconds, signal }: CallersOptions,
  call: Call,
): Promise<Round> {
  const latencies: number[] = []
  let begun = 0
  let done = 0
  const start = performance.now()
  const isTimeUp = () => signal.aborted || performance.now() - start > seconds * 1000
  const stopIfTimeUp = () => {
    if (isTimeUp()) throw new TimeUp('the time of the round is up')
  }
  const caller = async () => {
    while (begun < calls && !isTimeUp()) {
      begun += 1
      const asked = performance.now()
      try {
        await call(stopIfTimeUp)
        done += 1
      } catch (error) {
        if (!(error instanceof TimeUp)) throw error
      }
      latencies.push(performance.now() - asked)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { done, seconds: (performance.now() - start) / 1000, latencies }
}
