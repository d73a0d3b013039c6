import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { newCall, waitAtMost } from '../../src/mongodb/patience.ts'
import { OutcomeError } from '../../src/mongodb/outcome.ts'

describe('calls that share a signal', () => {
  const call = (signal: AbortSignal, work: Promise<unknown> = new Promise(() => {})) =>
    waitAtMost({ signal, patience: Infinity }, work, () => {
      return new OutcomeError(newCall({ retryFor: 0 }), signal)
    })
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

  test('share one listener, and leave none when all have ended', async () => {
    const { signal } = new AbortController()
    for (let round = 0; round < 2; round += 1) {
      const calls = Array.from({ length: 20 }, () => call(signal, Promise.resolve('done')))
      expect(listeners(signal)).toBe(1)
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['done']))
      expect(listeners(signal)).toBe(0)
    }
  })

  test('are ended by it, each of them', async () => {
    const controller = new AbortController()
    const calls = Array.from({ length: 3 }, () => call(controller.signal))
    const done = call(controller.signal, Promise.resolve('done'))
    await done
    controller.abort()
    for (const each of calls) await expect(each).rejects.toThrow(OutcomeError)
    expect(listeners(controller.signal)).toBe(0)
  })
})
