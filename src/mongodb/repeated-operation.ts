import { setTimeout } from 'node:timers/promises'
import mongoose from 'mongoose'
import {
  PAUSE,
  TimeIsUp,
  type WaitOptions,
  hasTime,
  isPassing,
  withinPatience,
} from './patience.ts'

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
        if (!isPassing(error)) throw error
        call.latestError = error
        // It was not sent, because no server was found.
        if (error instanceof mongoose.mongo.MongoServerSelectionError) call.isInDoubt = wasInDoubt
        if (call.isGivenUp || !hasTime(call, PAUSE)) throw new TimeIsUp()
        await setTimeout(PAUSE)
      }
    }
  })
