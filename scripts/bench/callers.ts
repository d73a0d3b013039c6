import type { BenchOptions, Contestant, Round, Workspace } from './comparison.ts'

/** The time of a round is up. The error has no label, so the driver does not retry the transaction. */
class TimeUp extends Error {}

/** What callers do, once it is prepared. */
interface PreparedCalls {
  /** Makes one call. Before each attempt it calls `stopIfTimeUp`, which throws when the time is up. */
  readonly call: (stopIfTimeUp: () => void) => Promise<unknown>
  /** Throws unless the database holds exactly what this many calls must have left in it. */
  readonly prove: (done: number) => Promise<void>
}

/**
 * A contestant whose rounds are calls of one function. Callers work at the same time, and each makes its next
 * call when the last one has been answered.
 */
export const callersContestant = (
  { callers, seconds }: Pick<BenchOptions, 'callers' | 'seconds'>,
  contestant: Pick<Contestant, 'name' | 'transfers'> & Partial<Contestant>,
  prepare: (workspace: Workspace) => Promise<PreparedCalls>,
): Contestant => ({
  // Enough for V8 to compile the code that runs often.
  warmUp: Math.max(2 * callers, 400),
  ...contestant,
  async prepare(workspace) {
    const { call, prove } = await prepare(workspace)
    const { signal } = workspace
    let done = 0
    return {
      async runRound(calls) {
        const round = await runCallers({ callers, calls, seconds, signal }, call)
        done += round.done
        return round
      },
      prove: () => prove(done),
    }
  },
})

interface CallersOptions {
  readonly callers: number
  /** How many calls they make together. */
  readonly calls: number
  /** The time after which no call is started. */
  readonly seconds: number
  readonly signal: AbortSignal
}

/**
 * Runs callers until all calls are made or the time is up. A call that was stopped counts in the latencies with
 * the time that it had waited. That makes them look better than they are, because its answer would have come
 * later.
 */
async function runCallers(
  { callers, calls, seconds, signal }: CallersOptions,
  call: PreparedCalls['call'],
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
