import { isDriverError } from '../mongodb/driver-errors.ts'
import { isServerError } from '../mongodb/server-errors.ts'

/** How often a part of a proof is read before its failure is thrown. */
const ATTEMPTS = 5

/** What a server answers when it stops, or stops being the primary, or has lost a cursor for such a reason. */
const PASSING = [
  'CursorNotFound',
  'InterruptedAtShutdown',
  'InterruptedDueToReplStateChange',
  'NotPrimaryNoSecondaryOk',
  'NotPrimaryOrSecondary',
  'NotWritablePrimary',
  'PrimarySteppedDown',
  'QueryPlanKilled',
  'ShutdownInProgress',
]

/** Reads again from the start if a connection is lost or another member becomes the primary. */
export async function readAgain<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      const isPassing =
        isDriverError(error, 'MongoNetworkError') ||
        PASSING.some((name) => isServerError(error, name))
      if (!isPassing || attempt === ATTEMPTS) throw error
    }
  }
}
