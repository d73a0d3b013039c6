import type { BooksReport } from '../books-report.ts'
import { type Part, html } from './html.ts'
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
} from './parts.ts'

const right = true

export async function booksSections(report: BooksReport): Promise<Sections> {
  const { proof, database, money, batchCount } = report
  return {
    title: database,
    about: proof.balanced
      ? html`<span class="status good">the books balance</span>`
      : html`<span class="status bad">the books do not balance</span>`,
    content: [
      figures([
        { label: 'accounts', value: count(proof.accounts) },
        {
          label: 'transfers',
          value: count(money.reduce((sum, { transfers }) => sum + transfers, 0)),
        },
        { label: 'batches', value: count(batchCount) },
        {
          label: 'violations',
          value: count(proof.violationCount),
          tone: proof.balanced ? 'good' : 'bad',
        },
      ]),
      section('Proof', proofOf(report)),
      section('Totals', totalsOf(report)),
      money.length > 0 &&
        section(
          'Money moved',
          note('By the dates of the transfers, or of their posting if they have none.'),
          await moneyCharts(money),
        ),
      batchCount > 0 && section('Batches', batchesOf(report)),
    ],
  }
}

function proofOf({ proof, seconds, madeAt }: BooksReport): Part[] {
  const { since } = proof
  const more = proof.violationCount - proof.violations.length
  return [
    facts([
      ['verified', html`${moment(madeAt)} UTC, in ${seconds.toFixed(1)} s`],
      [
        'read',
        `${plural(proof.accounts, 'account')}, ${plural(proof.transfers, 'transfer')}, ${plural(proof.groups, 'group')}, ${plural(proof.holds, 'hold')}, ${number(proof.batches)} ${proof.batches === 1 ? 'batch' : 'batches'}, ${plural(proof.refusals, 'refusal')}`,
      ],
      ...(since
        ? [
            [
              'taken as proven',
              `the state of ${since.finishedAt} with ${plural(since.transfers, 'transfer')}, digest ${since.digest}`,
            ] as const,
          ]
        : []),
      ...(proof.digest === undefined
        ? []
        : [['digest of the books', html`<code>${proof.digest}</code>`] as const]),
    ]),
    !proof.balanced && [
      table(
        'What is wrong',
        [{ head: 'kind' }, { head: 'what was found', wide: true }],
        proof.violations.map(({ kind, message }) => [kind, message]),
      ),
      more > 0 && note(`${number(more)} more are left out: daybook verify --limit lists them.`),
    ],
  ]
}

const totalsOf = ({ accounts, money }: BooksReport): Part[] => [
  note(
    'Transfers move money and make none: in each currency the sum of all balances is that of the opening balances.',
  ),
  table(
    'Accounts by currency',
    [
      { head: 'currency' },
      { head: 'open', right },
      { head: 'frozen', right },
      { head: 'closed', right },
      { head: 'opening balances', right },
      { head: 'balances', right },
      { head: 'held', right },
    ],
    accounts.map(({ currency, open, frozen, closed, ...sums }) => [
      currency,
      ...[open, frozen, closed].map(count),
      ...[sums.openingBalance, sums.balance, sums.held].map(amount),
    ]),
  ),
  money.length > 0 &&
    table(
      'Transfers by currency',
      [{ head: 'currency' }, { head: 'transfers', right }, { head: 'moved', right }],
      money.map(({ currency, transfers, amount: moved }) => [
        currency,
        count(transfers),
        amount(moved),
      ]),
      'narrow',
    ),
]

const batchesOf = ({ batches, batchCount }: BooksReport): Part[] => [
  table(
    'Batches, newest first',
    [
      { head: 'batch' },
      { head: 'status' },
      { head: 'read', right },
      { head: 'posted', right },
      { head: 'existing', right },
      { head: 'refused', right },
      { head: 'started (UTC)' },
    ],
    batches.map((batch) => [
      batch._id,
      batch.status,
      ...[batch.position, batch.posted, batch.existing, batch.refused].map(count),
      moment(batch.startedAt),
    ]),
  ),
  batchCount > batches.length &&
    note(`${number(batchCount - batches.length)} earlier batches are left out.`),
]
