import type { MeasuredRound, Results, Round } from './comparison.ts'

/** The smallest value that at least this share of the values, from 0 to 1, do not exceed; NaN if there are no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The middle value. With an even number of values, the lower of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Transfers, or accounts, per second. */
export const rateOf = ({ done, seconds }: Round): number => done / seconds

/** The processor time for each transfer, account or start, in milliseconds. */
export const processorTimeOf = ({ done, processorSeconds = Number.NaN }: Round): number =>
  (processorSeconds * 1000) / done

/**
 * The ratio of one contestant's value to another's. It is the median of the ratios of rounds that ran right
 * after each other, because whatever slows the machine down for a while slows both. The value is the rate by
 * default.
 */
export function ratio(
  results: Results,
  { of, against, by = rateOf }: { of: string; against: string; by?: (round: Round) => number },
): number {
  const others = roundsOf(results, against)
  return median(roundsOf(results, of).map((round, index) => by(round) / by(others[index] as Round)))
}

export function roundsOf(results: Results, name: string): readonly MeasuredRound[] {
  const rounds = results.get(name)
  if (!rounds) throw new Error(`${name} has no rounds`)
  return rounds
}
