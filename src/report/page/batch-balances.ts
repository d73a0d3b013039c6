import { LIMITS } from '../limits.ts'
import type { MovedAccounts } from '../moved-accounts.ts'
import { figure, shortNumber } from './charts.ts'
import { type Part, shortened } from './html.ts'
import { amount, count, note, number, plural, table } from './parts.ts'

/** The accounts of each currency that moved most, with a chart of their balances before and after. */
export async function balancesOf(accounts: readonly MovedAccounts[]): Promise<Part[]> {
  const parts: Part[] = []
  for (const [index, { currency, most, accounts: all }] of accounts
    .slice(0, LIMITS.currencies)
    .entries()) {
    const title = `${currency}: the ${most.length < all ? `${most.length} of ${number(all)} accounts that moved most` : plural(all, 'account')}`
    const dots = most.map(({ account, before, after }, place) => ({
      account: `${place + 1}. ${shortened(account, 16)}`,
      before: Number(before),
      after: Number(after),
    }))
    const right = true
    parts.push(
      await figure(
        {
          title,
          description: `For each account a line from its ${currency} balance before the batch to the one after it.`,
          height: 44 + most.length * 26,
          legend: [
            ['before', 'before'],
            ['in', 'after'],
          ],
          draw: (plot) => ({
            marginLeft: 140,
            marginRight: 24,
            x: { label: null, grid: true, ticks: 4, nice: true, tickFormat: shortNumber },
            y: { label: null, domain: dots.map(({ account }) => account), tickSize: 0 },
            marks: [
              plot.ruleX([0], { stroke: 'var(--rule)' }),
              plot.link(dots, {
                x1: 'before',
                x2: 'after',
                y: 'account',
                stroke: 'var(--muted)',
                strokeWidth: 2,
              }),
              plot.dot(dots, {
                x: 'before',
                y: 'account',
                r: 4,
                fill: 'var(--surface)',
                stroke: 'var(--muted)',
                strokeWidth: 2,
              }),
              plot.dot(dots, { x: 'after', y: 'account', r: 5, fill: 'var(--accent)' }),
            ],
          }),
          table: table(
            title,
            [
              { head: 'account' },
              { head: 'transfers', right },
              { head: 'before', right },
              { head: 'received', right },
              { head: 'sent', right },
              { head: 'after', right },
            ],
            most.map((each) => [
              each.account,
              count(each.transfers),
              ...[each.before, each.received, each.sent, each.after].map(amount),
            ]),
          ),
        },
        `balances-${index}`,
      ),
    )
  }
  return [
    note(
      'The balances before the first transfer of this batch and after the last. If others posted in between, received and sent do not explain all of the difference.',
    ),
    ...parts,
    accounts.length > LIMITS.currencies &&
      note(`${number(accounts.length - LIMITS.currencies)} more currencies are left out.`),
  ]
}
