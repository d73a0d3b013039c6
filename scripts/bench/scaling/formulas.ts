import type { ChunkPoint } from './chunks.ts'
import type { SeriesPoint } from './series.ts'

/**
 * The rate that follows from the shortest round trip: a posting takes its round trips, and the same time for each of its
 * transfers as there.
 */
export function rateAt(
  { roundTrip, roundTrips, transfers }: SeriesPoint,
  shortest: SeriesPoint,
): number {
  const work =
    1_000 / shortest.rate - (shortest.roundTrips * shortest.roundTrip) / shortest.transfers
  return 1_000 / ((roundTrips * roundTrip) / transfers + work)
}

/** The milliseconds of a chunk: once, for each of its transfers, and for each account that it moves. */
export interface ChunkCost {
  readonly once: number
  readonly perTransfer: number
  readonly perAccount: number
}

export const millisecondsOf = (
  { once, perTransfer, perAccount }: ChunkCost,
  { chunk, moved }: Pick<ChunkPoint, 'chunk' | 'moved'>,
): number => once + perTransfer * chunk + perAccount * moved

/** The costs with the least squares of the relative errors: a small chunk counts as much as a large one. */
export function fitChunkCost(
  points: readonly Pick<ChunkPoint, 'chunk' | 'moved' | 'milliseconds'>[],
): ChunkCost {
  const rows = points.map(({ chunk, moved, milliseconds }) =>
    [1, chunk, moved].map((term) => term / milliseconds),
  )
  // The normal equations: each row of `equations` ends with its right-hand side.
  const equations = [0, 1, 2].map((row) => [
    ...[0, 1, 2].map((column) => sumOf(rows, (terms) => terms[row]! * terms[column]!)),
    sumOf(rows, (terms) => terms[row]!),
  ])
  const [once, perTransfer, perAccount] = solve(equations) as [number, number, number]
  return { once, perTransfer, perAccount }
}

const sumOf = (rows: readonly number[][], term: (row: readonly number[]) => number): number =>
  rows.reduce((sum, row) => sum + term(row), 0)

/** Gauss and Jordan's elimination. The diagonal of normal equations is positive, so no rows are exchanged. */
function solve(equations: number[][]): number[] {
  for (const [index, pivot] of equations.entries()) {
    for (const [other, equation] of equations.entries()) {
      if (other === index) continue
      const factor = equation[index]! / pivot[index]!
      equations[other] = equation.map((value, column) => value - factor * pivot[column]!)
    }
  }
  return equations.map((equation, index) => equation.at(-1)! / equation[index]!)
}
