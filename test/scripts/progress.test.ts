import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { startProgress } from '../../scripts/context/progress.ts'

/** A stream to draw on, and a function that returns what was drawn. */
function makeStream({ isTTY, columns = 100 }: { isTTY: boolean; columns?: number }) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns })
  const chunks: string[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  return {
    progress: stream as unknown as NodeJS.WriteStream,
    drawn: () => chunks.join(''),
  }
}

describe('startProgress', () => {
  test('writes a line every few seconds when it is not on a terminal, with the rate and the time left', () => {
    const { progress, drawn } = makeStream({ isTTY: false })
    let now = 0
    const display = startProgress({ progress }, { unit: 'accounts', clock: () => now })
    for (const [at, done] of [
      [0, 0],
      [1_000, 100],
      [5_000, 500],
      [9_999, 999],
      [10_000, 1_000],
    ] as const) {
      now = at
      display.update(done, 10_000)
    }
    display.stop()
    expect(drawn()).toBe(
      '500 of 10000 accounts, 100 a second, 1 min 35 s left\n' +
        '1000 of 10000 accounts, 100 a second, 1 min 30 s left\n',
    )
  })

  test('does not count what an earlier run did in the rate', () => {
    const { progress, drawn } = makeStream({ isTTY: false })
    let now = 0
    const display = startProgress({ progress }, { unit: 'transfers', clock: () => now })
    display.update(1_000_000)
    now = 10_000
    display.update(1_000_050)
    expect(drawn()).toBe('1000050 transfers, 5 a second\n')
  })

  test('draws a bar on a terminal and clears it at the end', () => {
    const { progress, drawn } = makeStream({ isTTY: true })
    const display = startProgress({ progress }, { unit: 'accounts', clock: () => 0 })
    display.update(100, 200)
    display.stop()
    display.stop()
    expect(drawn()).toContain(`${'█'.repeat(12)}${'░'.repeat(12)} 100 of 200 accounts`)
    expect(drawn().endsWith('\n')).toBe(false)
  })

  test.each([
    [110, '░░ 12345 of 100000 lines, 12000 posted, 345 refused, 1235 a second, 1 min 11 s left'],
    [85, '12345 of 100000 lines, 12000 posted, 345 refused, 1235 a second, 1 min 11 s left'],
    [50, '12345 of 100000 lines, 1 min 11 s left'],
    [30, '12345 of 100000 lines'],
  ])('drops the least important parts to fit into %i columns', (columns, text) => {
    const { progress, drawn } = makeStream({ isTTY: true, columns })
    let now = 0
    const display = startProgress({ progress }, { unit: 'lines', clock: () => now })
    display.update(0)
    now = 10_000
    display.update(12_345, 100_000, '12000 posted, 345 refused')
    display.stop()

    const lines = drawn()
      .split('\u001B')
      .map((part) => part.replace(/^\[[\d;?]*[A-Za-z]/, ''))
    expect(lines.findLast((line) => line.includes('12345'))?.endsWith(text)).toBe(true)
    expect(lines.every((line) => line.length <= columns)).toBe(true)
  })

  test('shows nothing without a stream, as with --quiet', () => {
    const display = startProgress({ progress: undefined }, { unit: 'accounts' })
    expect(() => {
      display.update(1, 2)
      display.stop()
    }).not.toThrow()
  })
})
