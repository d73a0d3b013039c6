import { describe, expect, test } from 'vitest'
import { FAULT_KINDS, schedule } from '../../../scripts/soak/schedule.ts'

const tenMinutes = { milliseconds: 600_000, kinds: FAULT_KINDS }

describe('schedule', () => {
  test('is the same for the same seed', () => {
    expect(schedule({ seed: 1, ...tenMinutes })).toEqual(schedule({ seed: 1, ...tenMinutes }))
    expect(schedule({ seed: 1, ...tenMinutes })).not.toEqual(schedule({ seed: 2, ...tenMinutes }))
  })

  test('has every kind of fault once before any comes again', () => {
    const kinds = schedule({ seed: 1, ...tenMinutes }).map(({ kind }) => kind)
    expect(kinds.length).toBeGreaterThan(2 * FAULT_KINDS.length)
    const first = kinds.slice(0, FAULT_KINDS.length)
    const second = kinds.slice(FAULT_KINDS.length, 2 * FAULT_KINDS.length)
    for (const round of [first, second]) expect(new Set(round)).toEqual(new Set(FAULT_KINDS))
  })

  test('has one fault after the other, and none that outlasts the soak', () => {
    let end = 0
    for (const { at, lasts } of schedule({ seed: 3, ...tenMinutes })) {
      expect(at).toBeGreaterThan(end)
      end = at + lasts
    }
    expect(end).toBeLessThanOrEqual(tenMinutes.milliseconds)
  })
})
