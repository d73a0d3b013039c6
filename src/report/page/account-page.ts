import { type Decimal, formatMoney } from '../../money/money.ts'
import type { AccountReport } from '../account-report.ts'
import { figure, figureOf, periodBars, shortNumber, timeAxis, valueAxis } from './charts.ts'
import { type Part, html } from './html.ts'
import { periodName } from './money-charts.ts'
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
} from './parts.ts'

const right = true

export async function accountSections(report: AccountReport): Promise<Sections> {
  const { account, curve, periods, holdCount } = report
  const { currency, status } = account
  return {
    title: account._id,
    about: html`${account.holder} ·
      <span class="status ${status === 'open' ? 'good' : 'bad'}">${status}</span> · ${currency}`,
    content: [
      figures([
        { label: `balance, ${currency}`, value: amount(account.balance) },
        ...(account.held === undefined ? [] : [{ label: 'held', value: amount(account.held) }]),
        { label: 'transfers', value: count(account.transferCount) },
        { label: 'overdraft limit', value: amount(account.overdraftLimit) },
      ]),
      section(
        'Account',
        facts([
          ['opened', moment(account.createdAt)],
          ['last changed', moment(account.updatedAt)],
          ['opening balance', html`${amount(account.openingBalance)} ${currency}`],
        ]),
      ),
      curve.length > 1 && section('Balance', await curveChart(report)),
      periods.length > 0 && section('Received and sent', await periodsChart(report)),
      holdCount > 0 && section('Pending holds', holdsTable(report)),
      section('Statement', statementTable(report)),
    ],
  }
}

async function curveChart({ account, curve }: AccountReport): Promise<Part[]> {
  const { currency, transferCount } = account
  const title = `Balance after each transfer, ${currency}`
  const points = curve.map(({ sequence, balance }) => ({ sequence, balance: Number(balance) }))
  return [
    await figure(
      {
        title,
        description: `A line of the balance along the ${plural(transferCount, 'transfer')} of the account, in the order of their posting. It ends at ${account.balance}.`,
        draw: (plot, { narrow }) => ({
          x: { label: null, ticks: narrow ? 4 : 8, tickFormat: shortNumber },
          y: valueAxis,
          marks: [
            plot.areaY(points, {
              x: 'sequence',
              y: 'balance',
              fill: 'var(--accent)',
              fillOpacity: 0.1,
              curve: 'step-after',
            }),
            plot.lineY(points, {
              x: 'sequence',
              y: 'balance',
              stroke: 'var(--accent)',
              strokeWidth: 2,
              curve: 'step-after',
            }),
            plot.ruleY([0], { stroke: 'var(--muted)' }),
          ],
        }),
        table: table(
          title,
          [{ head: '#', right }, { head: 'posted (UTC)' }, { head: currency, right }],
          curve.map((point) => [
            count(point.sequence),
            moment(point.postedAt),
            amount(point.balance),
          ]),
        ),
      },
      'curve',
    ),
    curve.length < transferCount &&
      note(
        `The curve has ${number(curve.length)} of ${number(transferCount)} balances, evenly chosen. Those between may be higher or lower.`,
      ),
  ]
}

async function periodsChart({
  account: { currency },
  every,
  periods,
}: AccountReport): Promise<Part[]> {
  const title = `Received and sent by ${every}, ${currency}`
  const bars = periods.map(({ from, to, received, sent }) => ({
    from,
    to,
    received: received.toNumber(),
    sent: -sent.toNumber(),
  }))
  const money = (value: Decimal) => amount(formatMoney(value, currency))
  return [
    note('By the dates of the transfers themselves, or of their posting if they have none.'),
    await figureOf(
      {
        title,
        description: `For each ${every} a bar upwards of what was received and a bar downwards of what was sent.`,
        legend: [
          ['in', 'received'],
          ['out', 'sent'],
        ],
        draw: (plot, { narrow }) => ({
          x: timeAxis(narrow),
          y: valueAxis,
          marks: [
            periodBars(plot, bars, { height: 'received', fill: 'var(--accent)' }),
            periodBars(plot, bars, { height: 'sent', fill: 'var(--warm)' }),
            plot.ruleY([0], { stroke: 'var(--muted)' }),
          ],
        }),
        table: table(
          title,
          [
            { head: every },
            { head: 'transfers', right },
            { head: 'opening', right },
            { head: 'received', right },
            { head: 'sent', right },
            { head: 'closing', right },
          ],
          periods.map(({ from, count: transfers, opening, received, sent, closing }) => [
            periodName(from, every),
            count(transfers),
            ...[opening, received, sent, closing].map(money),
          ]),
        ),
      },
      'periods',
      bars.length,
    ),
  ]
}

function holdsTable({ holds, holdCount, account: { currency } }: AccountReport): Part[] {
  return [
    table(
      'Active holds',
      [
        { head: 'hold' },
        { head: 'to' },
        { head: `amount, ${currency}`, right },
        { head: 'captured', right },
        { head: 'expires (UTC)' },
        { head: 'reference', wide: true },
      ],
      holds.map((hold) => [
        hold._id,
        hold.toAccount,
        amount(hold.amount),
        amount(hold.captured),
        hold.expiresAt && moment(hold.expiresAt),
        hold.reference,
      ]),
    ),
    holdCount > holds.length &&
      note(`${number(holdCount - holds.length)} earlier holds are left out.`),
  ]
}

function statementTable({ entries, account }: AccountReport): Part[] {
  const { currency, transferCount } = account
  const left = transferCount - entries.length
  const money = (value: Decimal) => amount(formatMoney(value, currency))
  return [
    entries.length === 0
      ? note('No transfers yet.')
      : table(
          'Statement, newest first',
          [
            { head: '#', right },
            { head: 'posted (UTC)' },
            { head: 'transfer' },
            { head: 'counterparty' },
            { head: 'in', right },
            { head: 'out', right },
            { head: 'balance', right },
            { head: 'reference', wide: true },
          ],
          entries.map((entry) => [
            count(entry.sequence),
            moment(entry.postedAt),
            entry.transferId,
            entry.counterparty,
            entry.amount.gt(0) && money(entry.amount),
            entry.amount.lt(0) && money(entry.amount.neg()),
            money(entry.balance),
            entry.reference,
          ]),
        ),
    left > 0 &&
      note(
        `The latest ${number(entries.length)} entries; ${number(left)} earlier ones are left out. daybook statement lists them.`,
      ),
  ]
}
