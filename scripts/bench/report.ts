import { renderTable } from '../context/table.ts'
import type { Figure, MeasuredRound, Results } from './comparison.ts'
import { median, processorTimeOf, quantile, rateOf } from './statistics.ts'

/** The summary of a contestant's rounds. A value that cannot be measured is absent. */
interface Measurement {
  readonly case: string
  readonly name: string
  /** The number of transfers, or accounts, that all rounds completed. */
  readonly done: number
  /** Transfers, or accounts, per second in each round. */
  readonly rates: readonly number[]
  readonly rate: number
  /** Percentiles of the milliseconds of a call. */
  readonly p50?: number
  readonly p99?: number
  /** Transactions started per transfer posted. */
  readonly attempts?: number
  /** Commands sent per transaction. */
  readonly roundTrips?: number
  /** The processor time for each transfer, account or start, in milliseconds. */
  readonly processorTime?: number
  /** The peak resident memory, in MiB. */
  readonly memory?: number
}

interface JudgedFigure extends Figure {
  readonly case: string
  /** Absent if the figure has no target. */
  readonly isReached?: boolean
}

export interface Report {
  readonly measurements: Measurement[]
  readonly figures: JudgedFigure[]
}

export function report(name: string, results: Results, figures: readonly Figure[]): Report {
  return {
    measurements: [...results].map(([contestant, rounds]) => ({
      case: name,
      name: contestant,
      ...measurementOf(rounds),
    })),
    figures: figures.map((figure) => judge(name, figure)),
  }
}

function measurementOf(rounds: readonly MeasuredRound[]): Omit<Measurement, 'case' | 'name'> {
  const rates = rounds.map(rateOf)
  const latencies = rounds.flatMap((round) => round.latencies ?? [])
  const memory = rounds.flatMap((round) => round.memory ?? [])
  const transactions = total(rounds.map((round) => round.transactions))
  const commands = total(rounds.map((round) => round.commands))
  const done = total(rounds.map((round) => round.done))
  const processorTime = median(rounds.map(processorTimeOf))
  return {
    done,
    rates,
    rate: median(rates),
    ...(latencies.length > 0 && { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }),
    ...(transactions > 0 && {
      attempts: transactions / done,
      roundTrips: commands / transactions,
    }),
    ...(processorTime > 0 && { processorTime }),
    ...(memory.length > 0 && { memory: Math.max(...memory) }),
  }
}

function judge(name: string, figure: Figure): JudgedFigure {
  const { value, atLeast, atMost } = figure
  if (atLeast === undefined && atMost === undefined) return { case: name, ...figure }
  const isReached = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)
  return { case: name, ...figure, isReached }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const withDecimals = (value: number | undefined, decimals: number): string =>
  value === undefined ? '' : value.toFixed(decimals)

/** A table of rates, then a table of figures and their targets. */
export function renderReport({ measurements, figures }: Report): string {
  const right = 'right' as const
  return [
    renderTable(
      [
        'case',
        'contestant',
        'per second',
        'p50 ms',
        'p99 ms',
        'attempts',
        'trips',
        'CPU ms',
        'MiB',
      ],
      measurements.map((measurement) => [
        measurement.case,
        measurement.name,
        whole.format(measurement.rate),
        withDecimals(measurement.p50, 1),
        withDecimals(measurement.p99, 1),
        measurement.attempts?.toPrecision(3) ?? '',
        withDecimals(measurement.roundTrips, 1),
        measurement.processorTime?.toPrecision(3) ?? '',
        withDecimals(measurement.memory, 0),
      ]),
      ['left', 'left', right, right, right, right, right, right, right],
    ),
    renderTable(
      ['case', 'figure', 'measured', 'target', 'reached'],
      figures.map((figure) => [
        figure.case,
        figure.what,
        figure.value.toFixed(2),
        figure.atLeast === undefined
          ? figure.atMost === undefined
            ? ''
            : `≤ ${figure.atMost}`
          : `≥ ${figure.atLeast}`,
        figure.isReached === undefined ? '' : figure.isReached ? 'yes' : 'no',
      ]),
      ['left', 'left', right, right],
    ),
  ].join('\n\n')
}
