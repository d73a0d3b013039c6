import type { Connection } from 'mongoose'
import { isDriverError } from './driver-errors.ts'
import { LedgerError } from '../errors.ts'
import { quote, reasonOf } from '../messages.ts'
import { explainedAccess } from './access.ts'
import { isPassing } from './passing-errors.ts'

/**
 * A call ended without success because its time was up, its signal aborted it, or the database did not do it. `outcome`
 * says whether it may have been posted; to repeat the call with the same id is safe in both cases. `cause` is the
 * driver's last error, if there was one.
 */
export class OutcomeError extends Error {
  override readonly name = 'OutcomeError'
  /** `not posted`: nothing was written, and nothing will be. `unknown`: it may be posted, now or later. */
  readonly outcome: 'not posted' | 'unknown'
  /** The id of the transfer or account, if the call had one. */
  readonly id: string | undefined
  /** How many times it was tried. */
  readonly attempts: number
  readonly #call: UnsettledCall
  readonly #signal: AbortSignal | undefined

  constructor(call: UnsettledCall, signal?: AbortSignal, about?: OutcomeSubject) {
    const { isInDoubt, attempts, latestError } = call
    const what = about ? `${about.what} ${quote(about.id)}` : 'the work'
    const verb = about ? VERBS[about.what] : 'committed'
    const outcome = isInDoubt
      ? `it is not known whether ${what} was ${verb}`
      : `${what} was not ${verb}`
    super(
      [
        `${outcome}: ${reasonFor(call, signal)}`,
        ...hintsOn(latestError),
        adviceFor(latestError, about),
      ].join('. '),
      { cause: latestError ?? signal?.reason },
    )
    this.outcome = isInDoubt ? 'unknown' : 'not posted'
    this.id = typeof about?.id === 'string' ? about.id : undefined
    this.attempts = attempts
    this.#call = { ...call }
    this.#signal = signal
  }

  toJSON(): Record<string, unknown> {
    const { name, message, outcome, id, attempts } = this
    return { name, message, outcome, id, attempts }
  }

  /** The same error, about a transfer or an account. */
  about(subject: OutcomeSubject): OutcomeError {
    return new OutcomeError(this.#call, this.#signal, subject)
  }
}

/**
 * Awaits a call of a public method. An {@link OutcomeError} then names what it is about, and the stack of a refusal, which
 * may have been made for a group of calls, leads to the code that made this one.
 */
export async function reportAbout<Result>(
  subject: OutcomeSubject | undefined,
  call: Promise<Result>,
): Promise<Result> {
  try {
    return await call
  } catch (error) {
    if (error instanceof OutcomeError && subject) throw error.about(subject)
    if (error instanceof LedgerError) Error.captureStackTrace(error)
    throw error
  }
}

/**
 * For `catch` where a call outside a caller's transaction ends: makes one kind of error of what is not a refusal.
 * @throws OutcomeError, DatabaseError if the user lacks a right, or the error if it is not one of the database
 */
export const explainFailure =
  (connection: Connection) =>
  async (error: unknown): Promise<never> => {
    const explained = await explainedAccess(error, connection)
    if (!isDriverError(explained, 'MongoError')) throw explained
    // Whatever may be written is an OutcomeError already.
    const startedAt = performance.now()
    throw new OutcomeError({ startedAt, isInDoubt: false, attempts: 1, latestError: error })
  }

const VERBS = {
  transfer: 'posted',
  group: 'posted',
  exchange: 'posted',
  'reversal of transfer': 'posted',
  'reversal of group': 'posted',
  account: 'written',
  hold: 'written',
  'the statement of account': 'read',
} as const

/** What a call is about. */
interface OutcomeSubject {
  readonly what: keyof typeof VERBS
  readonly id: unknown
}

/** What is known of a call that ended without success. */
interface UnsettledCall {
  /** On the clock of `performance.now()`. */
  readonly startedAt: number
  readonly isInDoubt: boolean
  readonly attempts: number
  readonly latestError: unknown
}

function reasonFor({ startedAt, attempts, latestError }: UnsettledCall, signal?: AbortSignal) {
  if (signal?.aborted) return 'the call was aborted'
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (latestError === undefined) return `the database did not answer within ${seconds} s`
  const reason = reasonOf(latestError)
  return attempts === 1
    ? `the attempt failed with: ${reason}`
    : `${attempts} attempts failed within ${seconds} s, the last one with: ${reason}`
}

function adviceFor(error: unknown, about: OutcomeSubject | undefined): string {
  const isPermanent = isDriverError(error, 'MongoServerError') && !isPassing(error)
  const correct = isPermanent ? 'Correct the cause, then ' : ''
  const repeat =
    about && VERBS[about.what] !== 'read'
      ? 'repeat the call with the same id: it takes effect at most once'
      : 'try again'
  return correct === '' ? `${repeat.charAt(0).toUpperCase()}${repeat.slice(1)}` : correct + repeat
}

const HINTS: Readonly<Record<number, string>> = {
  112: 'Another open transaction may hold the same documents: check that every call inside your own transaction gets its session',
  121: 'A validator of the collection refuses the document: createCollections() restores the one of Daybook',
  263: 'MongoDB cannot do this in a transaction: call createCollections() before the first one',
  13_297: 'MongoDB has a database of this name with other capitals: use that name',
}

const hintsOn = (error: unknown): string[] => {
  const code = isDriverError(error, 'MongoError') ? Number(error.code) : 0
  return HINTS[code] === undefined ? [] : [HINTS[code]]
}
