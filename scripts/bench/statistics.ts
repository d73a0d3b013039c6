import type { Figure, MeasuredRound, Results, Round } from './contest.ts'

/** The value that a share of the values, from 0 to 1, do not exceed: the nearest of them; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The middle value; of an even number of values the lower of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Transfers a second. */
export const rateOf = ({ done, seconds }: Round): number => done / seconds

/**
 * The ratio of one entrant's value to another's: the median of the ratios of rounds that were run next to
 * each other, so that what slows the machine down for a while is in both. The value is the rate unless given.
 */
export function ratio(
  results: Results,
  { of, against, by = rateOf }: { of: string; against: string; by?: (round: Round) => number },
): number {
  const others = roundsOf(results, against)
  return median(roundsOf(results, of).map((round, index) => by(round) / by(others[index] as Round)))
}

/** A figure of rates: how many times one entrant's is another's. */
export const rateFigure = (
  results: Results,
  { of, against, atLeast }: { of: string; against: string; atLeast?: number },
): Figure => ({
  what: `${of} / ${against}`,
  value: ratio(results, { of, against }),
  ...(atLeast !== undefined && { atLeast }),
})

/** The rounds of an entrant. */
export function roundsOf(results: Results, name: string): readonly MeasuredRound[] {
  const rounds = results.get(name)
  if (!rounds) throw new Error(`there are no rounds of ${name}`)
  return rounds
}
