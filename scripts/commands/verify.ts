import { type KeptBooks, type Verification, verify } from '../../src/index.ts'
import { countOf, named } from '../../src/internal.ts'
import {
  type Command,
  Exit,
  UsageError,
  jsonOption,
  fileOption,
  wholeNumber,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { requireFiles, requireWritable } from '../context/needed-files.ts'
import { startProgress } from '../context/progress.ts'
import { paint } from '../context/paint.ts'
import { wrapText } from '../context/wrapping.ts'

export const verifyCommand: Command<{
  account: string | undefined
  limit: number
  save: string | undefined
  since: string | undefined
  against: string | undefined
  json: boolean
}> = {
  examples: [
    ['verify', 'the whole books'],
    ['verify --since monday.state --save tuesday.state', 'what came since a kept state'],
  ],
  builder: (yargs) =>
    yargs
      .option('account', {
        describe: 'prove only this account and its transfers',
        type: 'string',
        requiresArg: true,
      })
      .option('limit', {
        ...wholeNumber('limit', {
          least: 1,
          most: 10_000,
          describe: 'the most violations to list',
        }),
        default: 20,
      })
      .option('save', fileOption('keep the state of the books in this file, if they balance'))
      .option('since', fileOption('prove only what came after the state in this file'))
      .option(
        'against',
        fileOption('prove also that nothing in the state in this file was changed'),
      )
      .option('json', jsonOption),
  async run({ account: accountId, limit, save, since, against, json, ...options }, context) {
    requireCombinable({ account: accountId, since, against, save })
    await requireFiles([since, against])
    await requireWritable(save)
    return await withDatabase(options, context, async ({ connection }) => {
      const { signal } = context
      const progress = startProgress(context, { unit: 'transfers' })
      try {
        const verification = await verify(connection, {
          accountId,
          limit,
          save,
          since,
          against,
          signal,
          onProgress: ({ transfers, total }) => {
            progress.update(transfers, accountId === undefined ? total : undefined)
          },
        })
        progress.stop()
        context.print(
          json
            ? JSON.stringify(verification)
            : wrapText(describeVerification(verification, { accountId, limit }), context.columns),
        )
        if (verification.saved === false) {
          context.log(
            paint.warning(`${named(save)} was not written, because the books do not balance`),
          )
        }
        return verification.balanced ? Exit.done : Exit.failure
      } catch (error) {
        if (!signal.aborted || error !== signal.reason) throw error
        if (save !== undefined)
          context.log(paint.warning('interrupted: repeat the command to continue'))
        return Exit.interrupted
      } finally {
        progress.stop()
      }
    })
  },
}

/** Options that contradict each other: each cannot be combined with those after it. */
const CONTRADICTIONS = [
  ['account', 'since', 'against', 'save'],
  ['since', 'against'],
] as const

function requireCombinable(options: Readonly<Record<string, unknown>>): void {
  for (const [one, ...others] of CONTRADICTIONS) {
    const other = others.find((name) => options[name] !== undefined)
    if (options[one] === undefined || other === undefined) continue
    throw new UsageError(`--${one} cannot be combined with --${other}`)
  }
}

/** The result of a verification for a person: a sentence, or a line for each violation. */
export function describeVerification(
  verification: Verification,
  { accountId, limit = 20 }: { accountId?: string | undefined; limit?: number } = {},
): string {
  const { balanced, account, accounts, transfers, violations, violationCount } = verification
  if (account) {
    const { digest, balance, currency } = account
    return [
      `${paint.good(`account ${named(accountId)} is proven`)} by its ${countOf(account.transfers, 'transfer')}, of which it sent ${transfers}: balance ${balance} ${currency}`,
      paint.faint(`digest of the account ${digest}`),
    ].join('\n')
  }
  if (balanced) {
    const { groups, holds, totals, digest, since, against, resumed } = verification
    const sums = Object.entries(totals).map(([currency, total]) => `${total} ${currency}`)
    const total = sums.length > 0 ? `, total balance ${sums.join(', ')}` : ''
    const counts = [
      countOf(accounts, 'account'),
      countOf(transfers, since ? 'new transfer' : 'transfer'),
      ...(groups > 0 ? [countOf(groups, 'group')] : []),
      ...(holds > 0 ? [countOf(holds, 'hold')] : []),
    ].join(', ')
    return [
      `${paint.good('the books balance:')} ${counts}${total}`,
      ...(since ? [`${describeKept(since)} was taken as proven`] : []),
      ...(against ? [`nothing in ${describeKept(against)} was changed`] : []),
      ...(resumed
        ? [
            `${resumed.accounts} of the accounts were proven by a run that began at ${named(resumed.startedAt)} and was interrupted`,
          ]
        : []),
      paint.faint(`digest of the books ${digest}`),
    ].join('\n')
  }
  const kinds = Object.entries(verification.violationsByKind).map(
    ([kind, count]) => `${kind} ${count}`,
  )
  const more = violationCount - violations.length
  return [
    `${paint.bad('the books do not balance:')} ${countOf(violationCount, 'violation')} (${kinds.join(', ')})`,
    ...violations.map(({ kind, message }) => `${paint.bad(`${kind}:`)} ${message}`),
    ...(more > 0 ? [`and ${more} more: list up to 10000 with --limit N (now ${limit})`] : []),
  ].join('\n')
}

const describeKept = ({ database, finishedAt, accounts, transfers, digest }: KeptBooks): string =>
  `the state of ${named(database)} of ${named(finishedAt)} with ${countOf(accounts, 'account')} and ${countOf(transfers, 'transfer')} (digest ${digest})`
