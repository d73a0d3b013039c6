import { LIMITS } from '../limits.ts'
import type { CurrencyPeriods } from '../periods.ts'
import { figureOf, periodBars, timeAxis, valueAxis } from './charts.ts'
import type { Part } from './html.ts'
import { amount, count, note, number, plural, table } from './parts.ts'

/** The money by period: a chart for each currency, those with most transfers first. */
export async function moneyCharts(list: readonly CurrencyPeriods[]): Promise<Part[]> {
  const shown = list.slice(0, LIMITS.currencies)
  const charts: Part[] = []
  for (const [index, { currency, periods, every, leftOut, ...total }] of shown.entries()) {
    const title = `${currency} by ${every}`
    const bars = periods.map(({ from, to, ...sums }) => ({ from, to, value: Number(sums.amount) }))
    charts.push(
      await figureOf(
        {
          title,
          description: `Bars of the ${currency} that ${plural(total.transfers, 'transfer')} moved in each ${every}: ${total.amount} in all.`,
          draw: (plot, { narrow }) => ({
            x: timeAxis(narrow),
            y: valueAxis,
            marks: [
              periodBars(plot, bars, { height: 'value', fill: 'var(--accent)' }),
              plot.ruleY([0], { stroke: 'var(--muted)' }),
            ],
          }),
          table: table(
            title,
            [{ head: every }, { head: 'transfers', right: true }, { head: currency, right: true }],
            periods.map((period) => [
              periodName(period.from, every),
              count(period.transfers),
              amount(period.amount),
            ]),
          ),
        },
        `money-${index}`,
        bars.length,
      ),
    )
    if (leftOut > 0) charts.push(note(`${number(leftOut)} earlier periods are left out.`))
  }
  return list.length > shown.length
    ? [...charts, note(leftOutCurrencies(list.slice(shown.length)))]
    : charts
}

const leftOutCurrencies = (list: readonly CurrencyPeriods[]): string =>
  `${number(list.length)} currencies with fewer transfers have no chart: ${list.map(({ currency }) => currency).join(', ')}.`

/** A day, month or year, as ISO 8601 writes it. */
export const periodName = (from: Date, every: string): string =>
  from.toISOString().slice(0, every === 'month' ? 7 : every === 'year' ? 4 : 10)
