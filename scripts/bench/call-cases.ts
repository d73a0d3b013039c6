import { bareDriverContestant } from './bare-driver.ts'
import type { BenchOptions, Comparison } from './comparison.ts'
import { type Case, numberFormat, rateFigures } from './figures.ts'
import { historyContestant } from './history.ts'
import { mediciContestant } from './medici.ts'
import { notebookContestant } from './notebook.ts'
import { paymentsIntoOne, randomPayments } from './payments.ts'
import { transferContestant } from './transfer.ts'

/** The cases of callers of `Account.transfer()`. */
export const callCases = {
  transfer: (options) => {
    const oneCaller = { ...options, callers: 1 }
    const round = { transfers: 1_000, payments: randomPayments }
    return [
      {
        contestants: [
          transferContestant(oneCaller, { name: 'transfer', ...round }),
          bareDriverContestant(oneCaller, { name: 'bare driver', ...round }),
          notebookContestant(oneCaller, { name: 'notebook', ...round }),
        ],
        figures: (results) => [
          ...rateFigures('transfer', 'bare driver', 0.9)(results),
          ...rateFigures('transfer', 'notebook', 1)(results),
        ],
      },
    ]
  },
  concurrent: (options) => [
    concurrentComparison(options, {
      names: ['concurrent', 'notebook'],
      payments: randomPayments,
      atLeast: 20,
    }),
    fewAccountsComparison(options),
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
  history: (options) => {
    const name = `history at ${numberFormat.format(options.history)}`
    return [
      {
        contestants: [
          historyContestant(options, { name, earlier: options.history, transfers: 400 }),
          historyContestant(options, { name: 'history at 0', earlier: 0, transfers: 400 }),
        ],
        figures: rateFigures(name, 'history at 0', 0.97),
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
} as const satisfies Record<string, Case>

/** Twenty callers on fifty accounts: groups so small that a round trip counts. */
function fewAccountsComparison(options: BenchOptions): Comparison {
  const few = { ...options, accounts: 50, callers: Math.min(20, options.callers) }
  const where = `${few.callers} callers on 50 accounts`
  const [ours, theirs] = [`concurrent, ${where}`, `bare driver, ${where}`]
  const round = { transfers: 2_000, payments: randomPayments }
  return {
    mostRounds: 3,
    contestants: [
      transferContestant(few, { name: ours, ...round }),
      bareDriverContestant(few, { name: theirs, ...round }),
    ],
    figures: rateFigures(ours, theirs, 6),
  }
}

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
