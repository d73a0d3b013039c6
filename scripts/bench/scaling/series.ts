import type { BenchOptions, Comparison, Contestant, MeasuredRound, Results } from '../comparison.ts'
import { randomPayments } from '../payments.ts'
import { median, rateOf, roundsOf } from '../statistics.ts'
import { transferContestant } from '../transfer.ts'
import type { Delay } from './delay.ts'
import { fileContestant } from './file-contestant.ts'

/** A way to post transfers, measured at several round-trip times. */
export interface Series {
  readonly name: string
  readonly contestant: (at: Pick<Contestant, 'name' | 'uri'>) => Contestant
}

/** What a series did at one round-trip time. */
export interface SeriesPoint {
  readonly series: string
  /** Milliseconds from a command to its reply. */
  readonly roundTrip: number
  /** The commands of a posting, sent one after another. */
  readonly roundTrips: number
  /** The transfers of a posting. */
  readonly transfers: number
  /** Transfers per second. */
  readonly rate: number
}

/** Lone transfers, concurrent callers, and the replay of a file. */
export const seriesOf = ({ seconds, lines }: Pick<BenchOptions, 'seconds' | 'lines'>): Series[] => [
  callers({ name: 'one caller, accounts it knows', accounts: 10, callers: 1, seconds }),
  callers({ name: 'one caller, other accounts', accounts: 100_000, callers: 1, seconds }),
  callers({ name: '64 callers', accounts: 1_000, callers: 64, seconds }),
  callers({ name: '256 callers', accounts: 1_000, callers: 256, seconds }),
  {
    name: 'replay',
    contestant: (at) => fileContestant({ accounts: 1_000 }, { ...at, transfers: lines }),
  },
]

const callers = ({
  name: series,
  ...options
}: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'> & { name: string }): Series => ({
  name: series,
  contestant: ({ name, ...at }) => ({
    // More than the callers make in their time.
    ...transferContestant(options, { name, transfers: 1_000_000, payments: randomPayments }),
    // At a long round trip more would take minutes.
    warmUp: options.callers === 1 ? 30 : 4 * options.callers,
    ...at,
  }),
})

/** A series at each of the round-trip times, in turn. */
export const seriesComparison = (series: Series, delays: readonly Delay[]): Comparison => ({
  contestants: delays.map((delay) =>
    series.contestant({ name: nameOf(series, delay), uri: delay.uri }),
  ),
  figures: () => [],
})

export const seriesPointsOf = (
  series: Series,
  delays: readonly Delay[],
  results: Results,
): SeriesPoint[] =>
  delays.map((delay) => {
    const rounds = roundsOf(results, nameOf(series, delay))
    const total = (count: (round: MeasuredRound) => number) =>
      rounds.reduce((sum, round) => sum + count(round), 0)
    const postings = total(({ transactions }) => transactions)
    return {
      series: series.name,
      roundTrip: delay.roundTrip,
      roundTrips: total(({ commands }) => commands) / postings,
      transfers: total(({ done }) => done) / postings,
      rate: median(rounds.map(rateOf)),
    }
  })

const nameOf = ({ name }: Series, { roundTrip }: Delay): string =>
  `${name}, ${roundTrip.toFixed(1)} ms`
