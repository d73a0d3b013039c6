import { lineCell } from '../../replay/record-place.ts'
import type { BatchReport, CodeRefusals } from '../batch-report.ts'
import { LIMITS } from '../limits.ts'
import { balancesOf } from './batch-balances.ts'
import { figure, shortNumber, timeAxis, valueAxis } from './charts.ts'
import { type Part, html, shortened } from './html.ts'
import { moneyCharts } from './money-charts.ts'
import type { Sections } from './sections.ts'
import {
  amount,
  count,
  facts,
  figures,
  moment,
  note,
  number,
  plural,
  section,
  table,
  withCode,
} from './parts.ts'

export async function batchSections(report: BatchReport): Promise<Sections> {
  const { batch, refusals, accounts, money } = report
  const dated = money.reduce((sum, { transfers }) => sum + transfers, 0)
  const isFinished = batch.status === 'finished'
  return {
    title: batch._id,
    about: html`<span class="status ${isFinished ? 'good' : 'bad'}">${batch.status}</span> ·
      ${number(batch.position)} of ${number(batch.records)} records read from
      ${shortened(batch.source, 256)}`,
    content: [
      figures([
        {
          label: 'posted',
          value: count(batch.posted),
          tone: batch.posted > 0 ? 'good' : undefined,
        },
        { label: 'existing', value: count(batch.existing) },
        ...(batch.skipped === undefined ? [] : [{ label: 'skipped', value: count(batch.skipped) }]),
        {
          label: 'refused',
          value: count(batch.refused),
          tone: batch.refused > 0 ? 'bad' : undefined,
        },
      ]),
      section('Summary', facts(summaryOf(report)), movedTable(report)),
      await runSection(report),
      refusals.length > 0 &&
        section(
          'Refusals',
          note(
            `A refused line changed nothing. Of each code, the first ${LIMITS.linesPerCode} lines are shown; daybook batches lists all.`,
          ),
          refusals.map(refusalsOfCode),
        ),
      accounts.length > 0 && section('Balances before and after', await balancesOf(accounts)),
      money.length > 0 &&
        section(
          'Money by date',
          note(
            `By the dates of the transfers themselves: ${number(dated)} of ${number(batch.posted)} posted have one.`,
          ),
          await moneyCharts(money),
        ),
    ],
  }
}

const optional = (name: string, value: number | undefined) =>
  value === undefined ? [] : [[name, count(value)] as const]

function summaryOf({ batch }: BatchReport): (readonly [string, Part])[] {
  return [
    ['started', moment(batch.startedAt)],
    ...(batch.finishedAt ? [['finished', moment(batch.finishedAt)] as const] : []),
    ['records', count(batch.records)],
    ...optional('accounts opened', batch.accountsOpened),
    ...optional('holds placed', batch.holdsPlaced),
    ...optional('holds released', batch.holdsReleased),
    ...(batch.retry
      ? [
          [
            'latest retry',
            `${number(batch.retry.posted)} of ${number(batch.retry.lines)} refused lines posted`,
          ] as const,
        ]
      : []),
    ['SHA-256 of the file', html`<code>${batch.digest}</code>`],
  ]
}

function movedTable({ batch }: BatchReport): Part {
  const moved = Object.entries(batch.amountByCurrency)
  return (
    moved.length > 0 &&
    table(
      'Money moved, by currency',
      [{ head: 'currency' }, { head: 'moved', right: true }],
      moved.map(([currency, sum]) => [currency, amount(sum)]),
      'narrow',
    )
  )
}

async function runSection({ posted, refused, batch }: BatchReport): Promise<Part> {
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
        x: { ...timeAxis(narrow), ticks: narrow ? 2 : 5, tickFormat: clockTime(posted) },
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

/** A short run shows fractions of seconds, because all of its seconds would look the same. */
function clockTime(posted: BatchReport['posted']): (date: Date) => string {
  const [first, last] = [posted[0]?.from ?? NEVER, posted.at(-1)?.to ?? NEVER]
  const end = last.getTime() - first.getTime() < 10_000 ? 22 : 19
  return (date) => date.toISOString().slice(11, end)
}

const NEVER = new Date(0)

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
        y: valueAxis,
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

/** The codes whose lines are shown at once. The others take a click, so that the page stays short. */
const OPEN_CODES = 3

function refusalsOfCode({ code, refused, remedy, first }: CodeRefusals, index: number): Part {
  const lines = first.length < refused ? `The first ${first.length} lines` : 'The lines'
  return html`<h3><code>${code}</code> <span data-code="${code}">${count(refused)}</span></h3>
    ${remedy !== undefined && html`<p>What to do: ${withCode(remedy)}</p>`}
    <details ${index < OPEN_CODES && OPEN}>
      <summary>${lines}</summary>
      ${table(
        `The first lines refused with ${code}`,
        [
          { head: 'line', right: true },
          { head: 'id' },
          { head: 'why', wide: true },
          { head: 'as it was read', wide: true },
        ],
        first.map(({ _id, transferId, holdId, message, row }) => [
          lineCell(_id),
          transferId ?? holdId,
          shortened(message, 240),
          html`<code>${shortened(row, 120)}</code>`,
        ]),
      )}
    </details>`
}

const OPEN = html`open`
