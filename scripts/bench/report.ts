import { renderTable } from '../terminal/table.ts'
import type { Figure, MeasuredRound, Results } from './contest.ts'
import { median, quantile, rateOf } from './statistics.ts'

/** What the rounds of one entrant come to. What cannot be seen of it is absent. */
interface Measurement {
  readonly case: string
  readonly name: string
  /** How many transfers, or accounts, all its rounds did. */
  readonly done: number
  /** A second, of each round. */
  readonly rates: readonly number[]
  /** The median of the rates. */
  readonly rate: number
  /** Milliseconds of a call. */
  readonly p50?: number
  readonly p99?: number
  /** Transactions begun for each transfer posted. */
  readonly attempts?: number
  /** The most resident memory, in MiB. */
  readonly memory?: number
}

interface JudgedFigure extends Figure {
  readonly case: string
  /** Absent where nothing is to be reached. */
  readonly isReached?: boolean
}

/** What a run of the bench found. */
export interface Report {
  readonly measurements: Measurement[]
  readonly figures: JudgedFigure[]
}

/** What the results of one contest come to. */
export function report(name: string, results: Results, figures: readonly Figure[]): Report {
  return {
    measurements: [...results].map(([entrant, rounds]) => ({
      case: name,
      name: entrant,
      ...measurementOf(rounds),
    })),
    figures: figures.map((figure) => judged(name, figure)),
  }
}

function measurementOf(rounds: readonly MeasuredRound[]): Omit<Measurement, 'case' | 'name'> {
  const rates = rounds.map(rateOf)
  const latencies = rounds.flatMap((round) => round.latencies ?? [])
  const memory = rounds.flatMap((round) => round.memory ?? [])
  const begun = total(rounds.map((round) => round.begun))
  const done = total(rounds.map((round) => round.done))
  return {
    done,
    rates,
    rate: median(rates),
    ...(latencies.length > 0 && { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }),
    ...(begun > 0 && { attempts: begun / done }),
    ...(memory.length > 0 && { memory: Math.max(...memory) }),
  }
}

function judged(name: string, figure: Figure): JudgedFigure {
  const { value, atLeast, atMost } = figure
  if (atLeast === undefined && atMost === undefined) return { case: name, ...figure }
  const isReached = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity)
  return { case: name, ...figure, isReached }
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const withDecimals = (value: number | undefined, decimals: number): string =>
  value === undefined ? '' : value.toFixed(decimals)

/** A table of rates, then one of the figures to reach. */
export function renderReport({ measurements, figures }: Report): string {
  const right = 'right' as const
  return [
    renderTable(
      ['case', 'measured', 'per second', 'p50 ms', 'p99 ms', 'attempts', 'MiB'],
      measurements.map(({ name, rate, p50, p99, attempts, memory, ...measurement }) => [
        measurement.case,
        name,
        whole.format(rate),
        withDecimals(p50, 1),
        withDecimals(p99, 1),
        attempts?.toPrecision(3) ?? '',
        withDecimals(memory, 0),
      ]),
      ['left', 'left', right, right, right, right, right],
    ),
    renderTable(
      ['case', 'ratio', 'measured', 'to reach', 'reached'],
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
