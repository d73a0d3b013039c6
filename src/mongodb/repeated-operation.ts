import { setTimeout } from 'node:timers/promises'
import { isDriverError } from './driver-errors.ts'
import { OutcomeError } from './outcome.ts'
import { isCertainlyUndone, isPassing } from './passing-errors.ts'
import { PAUSE, TimeIsUp, type WaitOptions, hasTime, withinPatience } from './patience.ts'

/**
 * Sends a single read or write until the server answers it. A write must have the same effect however often it is
 * repeated.
 * @throws OutcomeError if the caller's time is up. It says whether anything may be written
 */
export const repeatUntilAnswered = <Result>(
  kind: 'read' | 'write',
  send: () => Promise<Result>,
  options: WaitOptions = {},
): Promise<Result> =>
  withinPatience(options, async (call) => {
    for (;;) {
      const wasInDoubt = call.isInDoubt
      call.attempts += 1
      call.isInDoubt = kind === 'write'
      try {
        return await send()
      } catch (error) {
        call.latestError = error
        if (isCertainlyUndone(error)) call.isInDoubt = wasInDoubt
        if (!isPassing(error)) {
          // A driver that was closed in the meantime, for example, does not know what the server did.
          throw call.isInDoubt && isDriverError(error, 'MongoError')
            ? new OutcomeError(call)
            : error
        }
        if (call.isGivenUp || !hasTime(call, PAUSE)) throw new TimeIsUp()
        await setTimeout(PAUSE)
      }
    }
  })
