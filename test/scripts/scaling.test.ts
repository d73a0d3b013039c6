import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitChunkCost, millisecondsOf, rateAt } from '../../scripts/bench/scaling/formulas.ts'
import { ratePicture } from '../../scripts/bench/scaling/picture.ts'
import { chunkTable, seriesTable } from '../../scripts/bench/scaling/tables.ts'

const point = { series: 'one caller', roundTrip: 1, roundTrips: 3, transfers: 1, rate: 200 }

describe('rateAt', () => {
  test('adds the longer round trips to the work of the shortest', () => {
    // 5 ms a transfer, of which 3 are round trips and 2 are work.
    expect(rateAt({ ...point, roundTrip: 10 }, point)).toBeCloseTo(1000 / 32)
  })

  test('divides the round trips of a posting among its transfers', () => {
    const many = { ...point, roundTrips: 4, transfers: 100, rate: 5_000 }
    expect(rateAt({ ...many, roundTrip: 51 }, many)).toBeCloseTo(1000 / (0.2 + (50 * 4) / 100))
  })
})

describe('fitChunkCost', () => {
  test('finds the costs that chunks were made of', () => {
    const cost = fc.double({ min: 0.01, max: 10, noNaN: true })
    fc.assert(
      fc.property(cost, cost, cost, (once, perTransfer, perAccount) => {
        const costs = { once, perTransfer, perAccount }
        const points = [
          { chunk: 1, moved: 2 },
          { chunk: 100, moved: 10 },
          { chunk: 100, moved: 180 },
          { chunk: 5_000, moved: 900 },
        ].map((kind) => ({ ...kind, milliseconds: millisecondsOf(costs, kind) }))
        const fitted = fitChunkCost(points)
        expect(fitted.once).toBeCloseTo(once, 4)
        expect(fitted.perTransfer).toBeCloseTo(perTransfer, 4)
        expect(fitted.perAccount).toBeCloseTo(perAccount, 4)
      }),
    )
  })
})

describe('a table', () => {
  test('has what was measured beside what the formula says', () => {
    expect(seriesTable([point, { ...point, roundTrip: 10, rate: 31 }])).toMatch(/ 31 +31$/)
    const kinds = [
      { chunk: 1, moved: 2 },
      { chunk: 10, moved: 5 },
      { chunk: 100, moved: 9 },
    ]
    const costs = { once: 2, perTransfer: 0.5, perAccount: 0.25 }
    const points = kinds.map((kind) => ({
      ...kind,
      accounts: 10,
      isHot: false,
      milliseconds: millisecondsOf(costs, kind),
      oplog: 400,
    }))
    expect(chunkTable(points)).toContain(
      'formula: 2.0 ms + 0.500 ms × transfers + 0.250 ms × accounts moved',
    )
  })
})

describe('a picture', () => {
  test('has a dot for each point, and a line with the name of each series', () => {
    const points = ['one caller', '64 callers'].flatMap((series) =>
      [1, 10, 50].map((roundTrip) => ({ ...point, series, roundTrip })),
    )
    const picture = ratePicture(points)
    expect(picture).toMatch(/^<svg xmlns="http:/)
    expect(picture.match(/<circle /g)).toHaveLength(6)
    for (const name of ['one caller', '64 callers']) expect(picture).toContain(`>${name}</text>`)
    expect(picture).not.toContain('NaN')
  })
})
