import type { BenchOptions, Comparison, Results, Round } from './comparison.ts'
import { historyContestant } from './history.ts'
import { mediciContestant } from './medici.ts'
import { notebookContestant } from './notebook.ts'
import { paymentsIntoOne, randomPayments } from './payments.ts'
import { floorContestant, postingContestant } from './posting.ts'
import { replayContestant } from './replay.ts'
import { insertContestant, seedContestant } from './seeding.ts'
import { median, ratio, roundsOf } from './statistics.ts'
import { transferContestant } from './transfer.ts'

export const DEFAULT_CASES = [
  'transfer',
  'concurrent',
  'hot',
  'posting',
  'history',
  'medici',
  'replay',
  'seed',
] as const

/** All cases. Those that are not in the default take minutes. */
export const CASES = [...DEFAULT_CASES, 'replay-large'] as const
export type Case = (typeof CASES)[number]

const numberFormat = new Intl.NumberFormat('en')

/** The ratio of two contestants' rates, and its target. */
const rateFigures = (of: string, against: string, atLeast?: number) => (results: Results) => [
  {
    what: `${of} / ${against}`,
    value: ratio(results, { of, against }),
    ...(atLeast && { atLeast }),
  },
]

/** What each case compares, and the figures to reach. */
export const comparisonsOf: Readonly<
  Record<Case, (options: BenchOptions) => readonly Comparison[]>
> = {
  transfer: (options) => {
    const oneCaller = { ...options, callers: 1 }
    const round = { transfers: 1_000, payments: randomPayments }
    return [
      {
        contestants: [
          transferContestant(oneCaller, { name: 'transfer', ...round }),
          notebookContestant(oneCaller, { name: 'notebook', ...round }),
        ],
        figures: rateFigures('transfer', 'notebook', 1),
      },
    ]
  },
  concurrent: (options) => [
    concurrentComparison(options, {
      names: ['concurrent', 'notebook'],
      payments: randomPayments,
      atLeast: 12,
    }),
  ],
  hot: (options) => [
    {
      ...concurrentComparison(options, {
        names: ['hot', 'notebook hot'],
        payments: paymentsIntoOne,
        atLeast: 50,
      }),
      mostRounds: 3,
    },
  ],
  posting: (options) => [
    {
      contestants: [
        postingContestant(options, { name: 'posting', transfers: 25_000 }),
        floorContestant(options, { name: 'floor', transfers: 25_000 }),
      ],
      figures: rateFigures('posting', 'floor', 0.9),
    },
  ],
  history: (options) => {
    const name = `history at ${numberFormat.format(options.history)}`
    return [
      {
        contestants: [
          historyContestant(options, { name, earlier: options.history, transfers: 400 }),
          historyContestant(options, { name: 'history at 0', earlier: 0, transfers: 400 }),
        ],
        figures: rateFigures(name, 'history at 0', 0.95),
      },
    ]
  },
  medici: (options) =>
    [1, 16].map((callers) => {
      const ours = callers === 1 ? 'transfer' : `concurrent, ${callers} callers`
      const theirs = callers === 1 ? 'medici' : `medici, ${callers} callers`
      const sameCallers = { ...options, callers }
      return {
        mostRounds: 3,
        contestants: [
          transferContestant(sameCallers, {
            name: ours,
            transfers: 200 * callers,
            payments: randomPayments,
          }),
          mediciContestant(sameCallers, { name: theirs, transfers: callers === 1 ? 100 : 200 }),
        ],
        figures: rateFigures(ours, theirs),
      }
    }),
  replay: (options) => {
    const name = `replay of ${numberFormat.format(options.lines)} lines`
    const oneCaller = { ...options, callers: 1 }
    return [
      {
        mostRounds: 3,
        contestants: [
          replayContestant(options, { name, transfers: options.lines }),
          floorContestant(options, { name: 'floor', transfers: options.lines, isFixed: true }),
          notebookContestant(oneCaller, {
            name: 'notebook',
            transfers: 400,
            isFixed: true,
            payments: randomPayments,
          }),
        ],
        figures: (results) => [
          ...rateFigures(name, 'notebook', 60)(results),
          ...rateFigures(name, 'floor', 0.85)(results),
        ],
      },
    ]
  },
  seed: () => [
    {
      mostRounds: 3,
      contestants: [
        seedContestant({ name: 'seed', transfers: 200_000 }),
        insertContestant({ name: 'insertMany', transfers: 200_000 }),
      ],
      figures: rateFigures('seed', 'insertMany', 0.8),
    },
  ],
  'replay-large': (options) => {
    const lines = 10 * options.lines
    const small = `replay of ${numberFormat.format(options.lines)} lines`
    const large = `replay of ${numberFormat.format(lines)} lines`
    return [
      {
        mostRounds: 1,
        contestants: [
          replayContestant(options, { name: small, transfers: options.lines }),
          replayContestant(options, { name: large, transfers: lines, runsAgain: true }),
        ],
        figures: (results) => [
          {
            what: `${large} / ${small}: time`,
            value: ratio(results, { of: large, against: small, by: ({ seconds }) => seconds }),
            atMost: 10.5,
          },
          {
            what: `${large}: resident MiB`,
            value: median(roundsOf(results, large).map(memoryOf)),
            atMost: 250,
          },
          {
            what: `${large} / ${small}: resident memory`,
            value: ratio(results, { of: large, against: small, by: memoryOf }),
            atMost: 1.1,
          },
          {
            what: `${large}, second run: seconds`,
            value: median(
              roundsOf(results, large).map(({ secondRunSeconds = Number.NaN }) => secondRunSeconds),
            ),
            atMost: 3,
          },
        ],
      },
    ]
  },
}

const memoryOf = ({ memory = Number.NaN }: Round): number => memory

function concurrentComparison(
  options: BenchOptions,
  {
    names,
    payments,
    atLeast,
  }: { names: [ours: string, theirs: string]; payments: typeof randomPayments; atLeast: number },
): Comparison {
  const [ours, theirs] = names.map((name) => `${name}, ${options.callers} callers`) as typeof names
  return {
    contestants: [
      transferContestant(options, { name: ours, transfers: 8_192, payments }),
      notebookContestant(options, { name: theirs, transfers: 1_024, payments }),
    ],
    figures: rateFigures(ours, theirs, atLeast),
  }
}
