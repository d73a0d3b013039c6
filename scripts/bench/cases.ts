import type { BenchOptions, Contest, Results } from './contest.ts'
import { historyEntrant } from './history.ts'
import { mediciEntrant } from './medici.ts'
import { notebookEntrant } from './notebook.ts'
import { paymentsIntoOne, randomPayments } from './payments.ts'
import { floorEntrant, postingEntrant } from './posting.ts'
import { replayEntrant } from './replay.ts'
import { insertEntrant, seedEntrant } from './seeding.ts'
import { median, rateFigure, ratio, roundsOf } from './statistics.ts'
import { transferEntrant } from './transfer.ts'

/** The cases that are run where none are named. */
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

/** All cases: the others take minutes. */
export const CASES = [...DEFAULT_CASES, 'replay-large'] as const
export type Case = (typeof CASES)[number]

const format = new Intl.NumberFormat('en')
const count = (number: number): string => format.format(number)

const rates = (of: string, against: string, atLeast?: number) => (results: Results) => [
  rateFigure(results, { of, against, ...(atLeast && { atLeast }) }),
]

/** What is measured against what in a case, and the figures to reach. */
export const contestsOf: Readonly<Record<Case, (options: BenchOptions) => readonly Contest[]>> = {
  transfer: (options) => {
    const one = { ...options, callers: 1 }
    return [
      {
        entrants: [
          transferEntrant(one, { name: 'transfer', transfers: 1_000, payments: randomPayments }),
          notebookEntrant(one, { name: 'notebook', transfers: 1_000, payments: randomPayments }),
        ],
        figures: rates('transfer', 'notebook', 1),
      },
    ]
  },
  concurrent: (options) => [
    amongCallers(options, {
      names: ['concurrent', 'notebook'],
      payments: randomPayments,
      atLeast: 12,
    }),
  ],
  hot: (options) => [
    {
      ...amongCallers(options, {
        names: ['hot', 'notebook hot'],
        payments: paymentsIntoOne,
        atLeast: 50,
      }),
      mostRounds: 3,
    },
  ],
  posting: (options) => [
    {
      entrants: [
        postingEntrant(options, { name: 'posting', transfers: 25_000 }),
        floorEntrant(options, { name: 'floor', transfers: 25_000 }),
      ],
      figures: rates('posting', 'floor', 0.9),
    },
  ],
  history: (options) => {
    const long = `history at ${count(options.history)}`
    return [
      {
        entrants: [
          historyEntrant(options, { name: long, earlier: options.history, transfers: 400 }),
          historyEntrant(options, { name: 'history at 0', earlier: 0, transfers: 400 }),
        ],
        figures: rates(long, 'history at 0', 0.95),
      },
    ]
  },
  medici: (options) =>
    [1, 16].map((callers) => {
      const ours = callers === 1 ? 'transfer' : `concurrent, ${callers} callers`
      const theirs = callers === 1 ? 'medici' : `medici, ${callers} callers`
      const sized = { ...options, callers }
      return {
        mostRounds: 3,
        entrants: [
          transferEntrant(sized, {
            name: ours,
            transfers: 200 * callers,
            payments: randomPayments,
          }),
          mediciEntrant(sized, { name: theirs, transfers: callers === 1 ? 100 : 200 }),
        ],
        figures: rates(ours, theirs),
      }
    }),
  replay: (options) => {
    const name = `replay of ${count(options.lines)} lines`
    const one = { ...options, callers: 1 }
    return [
      {
        mostRounds: 3,
        entrants: [
          replayEntrant(options, { name, transfers: options.lines }),
          floorEntrant(options, { name: 'floor', transfers: options.lines, isFixed: true }),
          notebookEntrant(one, {
            name: 'notebook',
            transfers: 400,
            isFixed: true,
            payments: randomPayments,
          }),
        ],
        figures: (results) => [
          ...rates(name, 'notebook', 60)(results),
          ...rates(name, 'floor', 0.85)(results),
        ],
      },
    ]
  },
  seed: () => [
    {
      mostRounds: 3,
      entrants: [
        seedEntrant({ name: 'seed', transfers: 200_000 }),
        insertEntrant({ name: 'insertMany', transfers: 200_000 }),
      ],
      figures: rates('seed', 'insertMany', 0.8),
    },
  ],
  'replay-large': (options) => {
    const lines = 10 * options.lines
    const small = `replay of ${count(options.lines)} lines`
    const large = `replay of ${count(lines)} lines`
    return [
      {
        mostRounds: 1,
        entrants: [
          replayEntrant(options, { name: small, transfers: options.lines }),
          replayEntrant(options, { name: large, transfers: lines, runsAgain: true }),
        ],
        figures: (results) => [
          {
            what: `${large} / ${small}: time`,
            value: ratio(results, { of: large, against: small, by: ({ seconds }) => seconds }),
            atMost: 10.5,
          },
          {
            what: `${large}: resident MiB`,
            value: median(roundsOf(results, large).map(({ memory = Number.NaN }) => memory)),
            atMost: 250,
          },
          {
            what: `${large} / ${small}: resident memory`,
            value: ratio(results, {
              of: large,
              against: small,
              by: ({ memory = Number.NaN }) => memory,
            }),
            atMost: 1.1,
          },
          {
            what: `${large}, second run: seconds`,
            value: median(roundsOf(results, large).map(({ again = Number.NaN }) => again)),
            atMost: 3,
          },
        ],
      },
    ]
  },
}

function amongCallers(
  options: BenchOptions,
  {
    names,
    payments,
    atLeast,
  }: { names: [ours: string, theirs: string]; payments: typeof randomPayments; atLeast: number },
): Contest {
  const [ours, theirs] = names.map((name) => `${name}, ${options.callers} callers`) as typeof names
  return {
    entrants: [
      transferEntrant(options, { name: ours, transfers: 8_192, payments }),
      notebookEntrant(options, { name: theirs, transfers: 1_024, payments }),
    ],
    figures: rates(ours, theirs, atLeast),
  }
}
