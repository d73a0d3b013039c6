import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { rateAt } from './formulas.ts'
import type { SeriesPoint } from './series.ts'

/** Both readable on white and on black, and by those who do not see red and green apart. */
const COLORS = ['#b45309', '#0e7490', '#6d28d9', '#be185d', '#4d7c0f']

/** The rate of each series over the round-trip time, as a picture in SVG: dots are measured, lines are the formula. */
export function ratePicture(points: readonly SeriesPoint[]): string {
  const names = [...new Set(points.map(({ series }) => series))]
  const lines = points.map((point) => {
    const shortest = points.find(({ series }) => series === point.series) as SeriesPoint
    return { ...point, rate: rateAt(point, shortest) }
  })
  const { document } = parseHTML('<html></html>')
  const figure = Plot.plot({
    document,
    width: 720,
    height: 420,
    marginRight: 190,
    marginLeft: 60,
    // A picture in a page does not know the page's colours.
    style: { background: 'white', color: '#1f2937' },
    x: {
      type: 'log',
      label: 'round-trip time, ms',
      labelAnchor: 'center',
      ticks: [1, 2, 5, 10, 20, 50],
      tickFormat: String,
    },
    y: { type: 'log', label: 'transfers a second', ticks: 4, grid: true, tickFormat: ',' },
    color: { domain: names, range: COLORS },
    marks: [
      Plot.line(lines, { x: 'roundTrip', y: 'rate', stroke: 'series', strokeWidth: 1.5 }),
      Plot.dot(points, { x: 'roundTrip', y: 'rate', fill: 'series', r: 3.5 }),
      Plot.text(
        lines,
        Plot.selectLast({
          x: 'roundTrip',
          y: 'rate',
          z: 'series',
          text: 'series',
          fill: 'series',
          textAnchor: 'start',
          dx: 10,
        }),
      ),
    ],
    ariaLabel: 'Transfers a second over the round-trip time',
    ariaDescription: `${names.join(', ')}: measured as dots, and as lines by the formula.`,
  })
  figure.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${figure.outerHTML}\n`
}
