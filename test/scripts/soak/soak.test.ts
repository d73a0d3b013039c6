import { describe, expect, test } from 'vitest'
import { isSound, renderSoak } from '../../../scripts/soak/report.ts'
import { soak } from '../../../scripts/soak/soak.ts'

describe('soak', () => {
  test('finds that callers learn the truth while servers and the network fail', async () => {
    const report = await soak({
      minutes: 0.15,
      seed: 1,
      clients: 2,
      workers: 3,
      think: 60,
      kinds: ['kill secondary', 'step down', 'fail commits', 'lose replies', 'late commits'],
      signal: new AbortController().signal,
      log: () => undefined,
    })
    expect(isSound(report) ? 'sound' : renderSoak(report)).toBe('sound')
    expect(report.audit.acknowledged).toBeGreaterThan(0)
    expect(report.audit.holds.captures).toBeGreaterThan(0)
    expect(report.reading.snapshots).toBeGreaterThan(1)
    expect(report.faults.size).toBeGreaterThan(0)
  }, 240_000)
})
