import { lineCell } from '../../replay/record-place.ts'
import type { BatchReport, CodeRefusals } from '../batch-report.ts'
import { LIMITS } from '../limits.ts'
import { balancesOf } from './batch-balances.ts'
import { type Part, html, shortened } from './html.ts'
import { moneyCharts } from './money-charts.ts'
import { runSection } from './run-charts.ts'
import type { Sections } from './sections.ts'
import {
  amount,
  count,
  facts,
  figures,
  moment,
  note,
  number,
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
