import { setTimeout } from 'node:timers/promises'

/** How long to wait for a condition, what ends the wait early, and whom to tell about it. Times are in milliseconds. */
export interface WaitOptions {
  timeout: number
  /** From the end of one check to the next: 15 by default. */
  interval?: number
  signal?: AbortSignal | undefined
  /** Called once, after the wait has taken a second. */
  onLongWait?: () => void
}

/**
 * Checks a condition until it holds, and returns true; returns false if it does not hold within `timeout`.
 * @throws the signal's reason if the signal aborts before that
 */
export async function waitUntil(
  condition: () => Promise<boolean>,
  { timeout, interval = 15, signal, onLongWait }: WaitOptions,
): Promise<boolean> {
  const start = Date.now()
  let isLong = false
  while (!(await condition())) {
    signal?.throwIfAborted()
    const waited = Date.now() - start
    if (waited > timeout) return false
    if (!isLong && waited > 1000) {
      isLong = true
      onLongWait?.()
    }
    await setTimeout(interval, undefined, { ...(signal && { signal }) }).catch(() => {})
  }
  return true
}

/** Settles as `work` does, or rejects with the signal's reason as soon as the signal aborts. */
export async function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return await work
  let abort!: () => void
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([aborted, work])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
