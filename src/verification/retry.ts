import { isDriverError } from '../mongodb/driver-errors.ts'
import { isPassing } from '../mongodb/passing-errors.ts'

/** How often a part of a proof is read before its failure is thrown. */
const ATTEMPTS = 5

/** Reads again from the start if a connection is lost or another member becomes the primary. */
export async function readAgain<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read()
    } catch (error) {
      // The driver has already searched for a server, for 30 seconds unless told otherwise.
      const isGone = isDriverError(error, 'MongoServerSelectionError')
      if (isGone || !isPassing(error) || attempt === ATTEMPTS) throw error
    }
  }
}
