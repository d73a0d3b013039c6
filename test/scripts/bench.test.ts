import { describe, expect, inject, test } from 'vitest'
import { type CaseName, comparisonsOf } from '../../scripts/bench/cases.ts'
import { runComparison } from '../../scripts/bench/comparison-run.ts'
import { type Contestant, ProofError } from '../../scripts/bench/comparison.ts'
import { startDelay } from '../../scripts/bench/delay.ts'
import { quantile, ratio } from '../../scripts/bench/statistics.ts'
import { bench } from '../../scripts/commands/bench.ts'
import { useDatabase } from '../support/database.ts'

const { connection } = useDatabase()

const smallest = {
  accounts: 5,
  callers: 3,
  transfers: 20,
  seconds: 2,
  rounds: 1,
  lines: 50,
  history: 300,
}

const runOptions = (signal = new AbortController().signal) => ({
  uri: inject('mongodbUri'),
  transfers: 20,
  rounds: 1,
  signal,
  log: () => undefined,
})

const benchDatabases = async (): Promise<string[]> => {
  const { databases } = await connection.getClient().db().admin().listDatabases()
  return databases.map(({ name }) => name).filter((name) => name.startsWith('bench-'))
}

const contestant = (name: string, rounds: string[], prove = async () => {}): Contestant => ({
  name,
  transfers: 1,
  warmUp: 0,
  prepare: async () => ({
    async runRound(done) {
      if (done > 0) rounds.push(name)
      return { done, seconds: 1 }
    },
    prove,
  }),
})

const roundsAt = (...rates: number[]) =>
  rates.map((done) => ({ done, seconds: 1, commands: 0, transactions: 0 }))

describe('bench', () => {
  // bench() throws if a result is wrong.
  test.each<[CaseName, string[], number]>([
    ['transfer', ['transfer', 'bare driver', 'notebook'], 2],
    [
      'concurrent',
      [
        'concurrent, 3 callers',
        'notebook, 3 callers',
        'concurrent, 3 callers on 50 accounts',
        'bare driver, 3 callers on 50 accounts',
      ],
      2,
    ],
    ['hot', ['hot, 3 callers', 'notebook hot, 3 callers'], 1],
    ['posting', ['posting', 'floor'], 1],
    ['storage', ['posting'], 13],
  ])('compares %s with its peers and proves the results', async (name, contestants, ratios) => {
    const { measurements, figures } = await bench([name], smallest, runOptions())
    expect(measurements.map((measurement) => measurement.name)).toEqual(contestants)
    for (const { rate, rates } of measurements) {
      expect(rates).toEqual([rate])
      expect(rate).toBeGreaterThan(0)
    }
    expect(figures).toHaveLength(ratios)
    for (const { value } of figures) expect(value).toBeGreaterThan(0)
    expect(await benchDatabases()).toEqual([])
  })

  test('counts the transactions that a transfer starts, and their commands', async () => {
    const { measurements } = await bench(['transfer'], smallest, runOptions())
    expect(measurements).toMatchObject([
      { name: 'transfer', done: 20, attempts: 1, roundTrips: 3 },
      { name: 'bare driver', done: 20, attempts: 1 },
      { name: 'notebook', done: 20, attempts: 1 },
    ])
  })

  test('has a target for each figure in every case except medici', () => {
    const rounds = [
      {
        done: 1,
        seconds: 1,
        commands: 1,
        transactions: 1,
        processorSeconds: 1,
        memory: 1,
        secondRunSeconds: 1,
      },
    ]
    const without = Object.entries(comparisonsOf).filter(([, comparisonsWith]) =>
      comparisonsWith(smallest).some(({ contestants, figures }) =>
        figures(new Map(contestants.map(({ name }) => [name, rounds]))).some(
          ({ atLeast, atMost }) => (atLeast ?? atMost) === undefined,
        ),
      ),
    )
    expect(without.map(([name]) => name)).toEqual(['medici'])
  })
})

describe('startDelay', () => {
  test('delays each reply of a server', async () => {
    const delay = await startDelay(inject('mongodbUri'), 3)
    try {
      // A timer may be a millisecond early.
      expect(delay.roundTrip).toBeGreaterThan(1.5)
      const { measurements } = await bench(['transfer'], smallest, {
        ...runOptions(),
        uri: delay.uri,
      })
      expect(measurements[0]).toMatchObject({ name: 'transfer', done: 20, roundTrips: 3 })
    } finally {
      await delay.close()
    }
  })
})

describe('runComparison', () => {
  test('runs the rounds in turn, in alternating order', async () => {
    const order: string[] = []
    const contestants = [contestant('A', order), contestant('B', order)]
    await runComparison({ contestants, figures: () => [] }, { ...runOptions(), rounds: 3 })
    expect(order.join('')).toBe('ABBAAB')
  })

  test('throws when a result is wrong, and cleans up', async () => {
    const contestants = [
      contestant('A', [], async () => {
        throw new ProofError('money is missing')
      }),
    ]
    await expect(
      runComparison({ contestants, figures: () => [] }, runOptions()),
    ).rejects.toMatchObject({
      message: 'money is missing',
    })
    expect(await benchDatabases()).toEqual([])
  })

  test('stops between two rounds when it is interrupted', async () => {
    const interruption = new AbortController()
    const order: string[] = []
    const contestants = [contestant('A', order), contestant('B', order)]
    const log = (text: string) => void (text.includes('round 2') && interruption.abort())
    await expect(
      runComparison(
        { contestants, figures: () => [] },
        { ...runOptions(interruption.signal), rounds: 3, log },
      ),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(order).toEqual(['A', 'B'])
  })
})

describe('quantile', () => {
  test('returns the smallest value that a share of the values do not exceed', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect([0, 0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 50, 99, 100])
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('ratio', () => {
  test('is the median of the ratios of rounds with the same index', () => {
    const results = new Map([
      ['A', roundsAt(100, 20, 300)],
      ['B', roundsAt(50, 10, 100)],
    ])
    expect(ratio(results, { of: 'A', against: 'B' })).toBe(2)
  })
})
