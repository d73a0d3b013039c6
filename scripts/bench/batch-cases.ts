import { type Case, medianOf, numberFormat, rateFigures } from './figures.ts'
import { notebookContestant } from './notebook.ts'
import { randomPayments } from './payments.ts'
import { floorContestant, postingContestant } from './posting.ts'
import { replayContestant } from './replay.ts'
import { insertContestant, seedContestant } from './seeding.ts'
import { ratio, roundsOf } from './statistics.ts'
import { storageFigures } from './storage.ts'
import { scanContestant, verifyContestant } from './verification.ts'

const MILLION = 1_000_000

/** The cases of many transfers or accounts at once. */
export const batchCases = {
  posting: (options) => [
    {
      contestants: [
        postingContestant(options, { name: 'posting', transfers: 25_000 }),
        floorContestant(options, { name: 'floor', transfers: 25_000 }),
      ],
      figures: rateFigures('posting', 'floor', 1.1),
    },
  ],
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
          ...rateFigures(name, 'notebook', 80)(results),
          ...rateFigures(name, 'floor', 0.95)(results),
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
            value: medianOf(results, large, ({ memory }) => memory),
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
            value: medianOf(results, large, ({ secondRunSeconds }) => secondRunSeconds),
            atMost: 3,
          },
        ],
      },
    ]
  },
  'replay-million-accounts': (options) => {
    const million = { ...options, accounts: MILLION }
    const lines = numberFormat.format(options.lines)
    const name = `replay of ${lines} lines, 1,000,000 accounts`
    const floor = 'floor, 1,000,000 accounts'
    return [
      {
        mostRounds: 3,
        contestants: [
          replayContestant(million, { name, transfers: options.lines }),
          floorContestant(million, { name: floor, transfers: options.lines, isFixed: true }),
        ],
        figures: rateFigures(name, floor, 0.85),
      },
    ]
  },
  verify: (options) =>
    [1_000, MILLION].map((accounts) => {
      const books = `${numberFormat.format(options.history)} transfers, ${numberFormat.format(accounts)} accounts`
      const [ours, scan] = [`verify, ${books}`, `scan, ${books}`]
      return {
        mostRounds: 3,
        contestants: [
          verifyContestant({ ...options, accounts }, ours),
          scanContestant({ ...options, accounts }, scan),
        ],
        figures: (results) => [
          {
            what: `${ours} / scan: time`,
            value: ratio(results, { of: ours, against: scan, by: ({ seconds }) => seconds }),
            atMost: 3,
          },
          {
            what: `${ours}: resident MiB`,
            value: medianOf(results, ours, ({ memory }) => memory),
            atMost: 250,
          },
        ],
      }
    }),
  storage: (options) => [
    {
      mostRounds: 1,
      contestants: [
        postingContestant(options, { name: 'posting', transfers: 100_000, measuresBytes: true }),
      ],
      figures: (results) =>
        roundsOf(results, 'posting').flatMap(({ bytes }) => (bytes ? storageFigures(bytes) : [])),
    },
  ],
} as const satisfies Record<string, Case>
