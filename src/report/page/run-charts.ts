import type { BatchReport } from '../batch-report.ts'
import { figure, shortNumber, timeAxis, valueAxis } from './charts.ts'
import type { Part } from './html.ts'
import { count, moment, note, number, plural, section, table } from './parts.ts'

/** What was posted over the time of the run, and refused over the lines of the file. */
export async function runSection({ posted, refused, batch }: BatchReport): Promise<Part> {
  const charts: Part[] = []
  if (posted.length > 1) charts.push(await postedChart(posted))
  else if (posted[0]) {
    charts.push(
      note(
        `All ${plural(posted[0].transfers, 'transfer')} were posted at `,
        moment(posted[0].from),
        ' UTC, in one transaction or close to it.',
      ),
    )
  }
  if (refused.length > 0) charts.push(await refusedChart(refused, batch.line))
  return charts.length > 0 && section('Over the run', charts)
}

async function postedChart(posted: BatchReport['posted']): Promise<Part> {
  const title = 'Transfers posted, by time'
  let sum = 0
  const first = posted[0]?.from
  const points = [
    { at: first, sum: 0 },
    ...posted.map(({ to, transfers }) => ({ at: to, sum: (sum += transfers) })),
  ]
  return await figure(
    {
      title,
      description: `A rising line: how many transfers were posted by each moment of the run, ${number(sum)} at its end.`,
      draw: (plot, { narrow }) => ({
        marginRight: 40,
        x: { ...timeAxis(narrow), ticks: narrow ? 2 : 5, tickFormat: clockFor(posted) },
        y: valueAxis,
        marks: [
          plot.areaY(points, { x: 'at', y: 'sum', fill: 'var(--accent)', fillOpacity: 0.12 }),
          plot.lineY(points, { x: 'at', y: 'sum', stroke: 'var(--accent)', strokeWidth: 2 }),
          plot.ruleY([0], { stroke: 'var(--muted)' }),
        ],
      }),
      table: table(
        title,
        [{ head: 'from (UTC)' }, { head: 'to' }, { head: 'posted', right: true }],
        posted.map(({ from, to, transfers }) => [
          from.toISOString(),
          to.toISOString(),
          count(transfers),
        ]),
      ),
    },
    'posted',
  )
}

/** How the time axis of a run writes moments. The seconds of a short run would all look the same, so it has their fractions. */
function clockFor(posted: BatchReport['posted']): (date: Date) => string {
  const length = Number(posted.at(-1)?.to) - Number(posted[0]?.from)
  const [start, end] = length > DAY_MS ? [5, 16] : length > SHORT_RUN_MS ? [11, 19] : [11, 22]
  return (date) => date.toISOString().slice(start, end).replace('T', ' ')
}

const [SHORT_RUN_MS, DAY_MS] = [10_000, 86_400_000]

async function refusedChart(refused: BatchReport['refused'], lastLine: number): Promise<Part> {
  const title = 'Refused, by line of the file'
  const bars = refused.map(({ fromLine, toLine, refused: value }) => ({
    from: fromLine,
    to: toLine + 1,
    value,
  }))
  return await figure(
    {
      title,
      description: `Bars of how many transfers were refused in each part of the file, from line 1 to line ${number(lastLine)}.`,
      height: 180,
      draw: (plot, { narrow }) => ({
        x: {
          label: null,
          domain: [1, Math.max(lastLine, 2)],
          ticks: narrow ? 4 : 8,
          tickFormat: shortNumber,
        },
        y: { ...valueAxis, ticks: Math.min(4, Math.max(...bars.map(({ value }) => value))) },
        marks: [
          plot.rectY(bars, { x1: 'from', x2: 'to', y: 'value', fill: 'var(--bad)', clip: true }),
          plot.ruleY([0], { stroke: 'var(--muted)' }),
        ],
      }),
      table: table(
        title,
        [
          { head: 'from line', right: true },
          { head: 'to line', right: true },
          { head: 'refused', right: true },
        ],
        refused.map((part) => [count(part.fromLine), count(part.toLine), count(part.refused)]),
      ),
    },
    'refused',
  )
}
