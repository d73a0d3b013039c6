import type { BenchOptions, Comparison, Results, Round } from './comparison.ts'
import { median, ratio, roundsOf } from './statistics.ts'

/** What a case compares, and the figures to reach. */
export type Case = (options: BenchOptions) => readonly Comparison[]

export const numberFormat = new Intl.NumberFormat('en')

/** The ratio of two contestants' rates, and its target. */
export const rateFigures =
  (of: string, against: string, atLeast?: number) => (results: Results) => [
    {
      what: `${of} / ${against}`,
      value: ratio(results, { of, against }),
      ...(atLeast && { atLeast }),
    },
  ]

/** The median of what was measured in a contestant's rounds. */
export const medianOf = (
  results: Results,
  name: string,
  measured: (round: Round) => number | undefined,
): number => median(roundsOf(results, name).map((round) => measured(round) ?? Number.NaN))
