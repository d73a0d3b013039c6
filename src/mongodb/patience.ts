import type { ClientSession } from 'mongoose'
import { OutcomeError } from './outcome.ts'

/** How long a call is tried, unless its caller says otherwise, in milliseconds. */
export const PATIENCE = 60_000

/** How long to wait before something is tried again after its connection failed, in milliseconds. */
export const PAUSE = 100

/** How long a call may wait for the database. */
export interface WaitOptions {
  /** In milliseconds: a minute unless given. */
  readonly patience?: number | undefined
  /** Ends the wait at once. */
  readonly signal?: AbortSignal | undefined
}

/**
 * With a session, a call is part of the caller's transaction, and waits as long as that does. Without one, it happens at
 * once, and waits for the database for at most `patience`; then it ends with an OutcomeError.
 */
export interface CallOptions extends WaitOptions {
  readonly session?: ClientSession | undefined
}

/** The same for a caller inside Daybook. */
export interface RetryOptions extends WaitOptions {
  /** How long attempts that fail are repeated, in milliseconds, if not for the whole `patience`. */
  readonly retryFor?: number | undefined
  /** How long to wait after a write conflict, in milliseconds. Default: the driver's pauses, which grow to half a second. */
  readonly pauseAfterConflict?: (() => number) | undefined
}

/** The state of a call, from which its caller learns the outcome if it can wait no longer. */
export interface Call {
  /** When it started, on the clock of `performance.now()`. */
  readonly startedAt: number
  /** Until when attempts that fail are repeated. */
  retryUntil: number
  /** Until when a commit whose outcome is unknown is looked up. */
  resolveUntil: number
  /** Whether the server may have committed something, or may still do so. */
  isInDoubt: boolean
  /** Whether a caller that waited for it has learned that it was not posted. Then it must not be posted. */
  isGivenUp: boolean
  attempts: number
  latestError: unknown
  readonly pauseAfterConflict: (() => number) | undefined
}

/** A call that starts now. For some milliseconds, its attempts are repeated and its outcome is looked up. */
export function newCall({
  retryFor,
  resolveFor = retryFor,
  pauseAfterConflict,
}: {
  retryFor: number
  resolveFor?: number
  pauseAfterConflict?: (() => number) | undefined
}): Call {
  const startedAt = performance.now()
  return {
    startedAt,
    retryUntil: startedAt + retryFor,
    resolveUntil: startedAt + resolveFor,
    isInDoubt: false,
    isGivenUp: false,
    attempts: 0,
    latestError: undefined,
    pauseAfterConflict,
  }
}

/** Whether a call has time for another attempt, after a pause. */
export const hasTime = (call: Call, pause = 0): boolean =>
  performance.now() + pause <= (call.isInDoubt ? call.resolveUntil : call.retryUntil)

/** Thrown by a call that has no time left, or that was given up. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp'
}

/** What to do when a signal aborts, for each call that waits on it. */
const waitingOn = new WeakMap<AbortSignal, Set<() => void>>()

const endAll = ({ target }: Event): void => {
  for (const end of waitingOn.get(target as AbortSignal) ?? []) end()
}

/**
 * Listens for a signal that many calls may share, such as that of a server's shutdown. They share one listener, because
 * Node warns of a leak when there are more than ten. Returns the function that stops it.
 */
function onAbort(signal: AbortSignal, end: () => void): () => void {
  const calls = waitingOn.get(signal) ?? new Set()
  waitingOn.set(signal, calls.add(end))
  signal.addEventListener('abort', endAll)
  return () => {
    calls.delete(end)
    if (calls.size === 0) signal.removeEventListener('abort', endAll)
  }
}

/**
 * Waits for some work, for as long as its caller wants to. The work is not stopped: `giveUp` marks it as
 * given up, and returns the error for the caller.
 */
export function waitAtMost<Result>(
  { patience = PATIENCE, signal }: WaitOptions,
  work: Promise<Result>,
  giveUp: () => OutcomeError,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const end = () => {
      settle()
      reject(giveUp())
    }
    // A little later than the work itself gives up, because the work's own error says more.
    const timer = Number.isFinite(patience) ? setTimeout(end, patience + 2 * PAUSE) : undefined
    const stopListening = signal && onAbort(signal, end)
    const settle = () => {
      clearTimeout(timer)
      stopListening?.()
    }
    work.finally(settle).then(resolve, reject)
    if (signal?.aborted) end()
  })
}

/**
 * Makes a call that ends, or is given up, within its caller's patience. The work must look at `call.isGivenUp`
 * before it writes.
 * @throws OutcomeError if time is up or the signal aborts. It says whether anything may be written
 */
export async function withinPatience<Result>(
  { patience = PATIENCE, retryFor = patience, signal, pauseAfterConflict }: RetryOptions,
  work: (call: Call) => Promise<Result>,
): Promise<Result> {
  const call = newCall({ retryFor, pauseAfterConflict })
  if (signal?.aborted) throw new OutcomeError(call, signal)
  const outcome = work(call).catch((error: unknown) => {
    throw error instanceof TimeIsUp ? new OutcomeError(call) : error
  })
  return await waitAtMost({ patience, signal }, outcome, () => {
    call.isGivenUp = true
    return new OutcomeError(call, signal)
  })
}
