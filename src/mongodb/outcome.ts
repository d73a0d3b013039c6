import { LedgerError } from '../errors.ts'
import { quote, reasonOf } from '../messages.ts'

/**
 * A call ended without success because its time was up or its signal aborted it. `outcome` says whether it may
 * have been posted; to repeat the call with the same id is safe in both cases.
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
    const { isInDoubt, attempts, latestError, startedAt } = call
    const what = about ? `${about.what} ${quote(about.id)}` : 'the work'
    const verb = !about ? 'committed' : about.what === 'account' ? 'written' : 'posted'
    const outcome = isInDoubt
      ? `it is not known whether ${what} was ${verb}`
      : `${what} was not ${verb}`
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const reason = signal?.aborted
      ? 'the call was aborted'
      : latestError === undefined
        ? `the database did not answer within ${seconds} s`
        : `${attempts} attempts failed within ${seconds} s, the last one with: ${reasonOf(latestError)}`
    const advice = about
      ? 'Repeat the call with the same id: it takes effect at most once'
      : 'Try again'
    super([`${outcome}: ${reason}`, ...hintsOn(latestError), advice].join('. '), {
      cause: latestError ?? signal?.reason,
    })
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
  subject: OutcomeSubject,
  call: Promise<Result>,
): Promise<Result> {
  try {
    return await call
  } catch (error) {
    if (error instanceof OutcomeError) throw error.about(subject)
    if (error instanceof LedgerError) Error.captureStackTrace(error)
    throw error
  }
}

interface OutcomeSubject {
  readonly what: 'transfer' | 'reversal of transfer' | 'account'
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

const hintsOn = (error: unknown): string[] =>
  error instanceof Error && 'codeName' in error && error.codeName === 'WriteConflict'
    ? [
        'Another open transaction may hold the same documents: check that every call inside your own transaction gets its session',
      ]
    : []
