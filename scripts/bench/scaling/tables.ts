import { renderTable } from '../../context/table.ts'
import type { ChunkPoint } from './chunks.ts'
import { fitChunkCost, millisecondsOf, rateAt } from './formulas.ts'
import type { ReplayerPoint } from './replayers.ts'
import type { SeriesPoint } from './series.ts'

const right = 'right' as const

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** A series beside its formula. The first point has the shortest round trip. */
export function seriesTable(points: readonly SeriesPoint[]): string {
  const [shortest] = points
  return renderTable(
    ['series', 'round trip ms', 'round trips', 'transfers', 'per second', 'formula'],
    points.map((point) => [
      point.series,
      point.roundTrip.toFixed(1),
      point.roundTrips.toFixed(1),
      whole.format(point.transfers),
      whole.format(point.rate),
      whole.format(rateAt(point, shortest ?? point)),
    ]),
    ['left', right, right, right, right, right],
  )
}

export function chunkTable(points: readonly ChunkPoint[]): string {
  const cost = fitChunkCost(points)
  const { once, perTransfer, perAccount } = cost
  const table = renderTable(
    ['accounts', 'into one', 'chunk', 'moved', 'ms', 'formula ms', 'oplog bytes'],
    points.map((point) => [
      whole.format(point.accounts),
      point.isHot ? 'yes' : '',
      whole.format(point.chunk),
      whole.format(point.moved),
      point.milliseconds.toFixed(1),
      millisecondsOf(cost, point).toFixed(1),
      whole.format(point.oplog),
    ]),
    [right, 'left', right, right, right, right, right],
  )
  return `${table}\n\nformula: ${once.toFixed(1)} ms + ${perTransfer.toFixed(3)} ms × transfers + ${perAccount.toFixed(3)} ms × accounts moved`
}

export const replayerTable = (points: readonly ReplayerPoint[]): string =>
  renderTable(
    ['processes', 'accounts', 'per second', 'aborted per 100'],
    points.map(({ processes, isShared, rate, aborted }) => [
      String(processes),
      isShared ? 'shared' : 'separate',
      whole.format(rate),
      aborted.toFixed(1),
    ]),
    [right, 'left', right, right],
  )
