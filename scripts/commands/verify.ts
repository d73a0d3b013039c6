import { type Verification, verify } from '../../src/index.ts'
import { named } from '../../src/internal.ts'
import { type Command, Exit, jsonOption, wholeNumber } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { startProgress } from '../context/progress.ts'

export const verifyCommand: Command<{
  account: string | undefined
  limit: number
  json: boolean
}> = {
  command: 'verify',
  describe: 'prove that the books balance, or list what is wrong and exit with 1',
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
      .option('json', jsonOption),
  run: ({ account: accountId, limit, json, ...options }, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const { signal } = context
      const progress = startProgress(context, { unit: 'transfers' })
      try {
        const verification = await verify(connection, {
          accountId,
          limit,
          signal,
          onProgress: ({ transfers, total }) => {
            progress.update(transfers, accountId === undefined ? total : undefined)
          },
        })
        progress.stop()
        context.print(
          json
            ? JSON.stringify(verification)
            : describeVerification(verification, { accountId, limit }),
        )
        return verification.balanced ? Exit.done : Exit.failure
      } catch (error) {
        if (signal.aborted && error === signal.reason) return Exit.interrupted
        throw error
      } finally {
        progress.stop()
      }
    }),
}

/** The result of a verification for a person: a sentence, or a line for each violation. */
export function describeVerification(
  verification: Verification,
  { accountId, limit = 20 }: { accountId?: string | undefined; limit?: number } = {},
): string {
  const { balanced, accounts, transfers, totals, violations, violationCount } = verification
  if (balanced && accountId !== undefined) {
    return `account ${named(accountId)} is proven by its transfers, of which it sent ${transfers}`
  }
  if (balanced) {
    const sums = Object.entries(totals).map(([currency, total]) => `${total} ${currency}`)
    const total = sums.length > 0 ? `, total balance ${sums.join(', ')}` : ''
    return `the books balance: ${accounts} accounts, ${transfers} transfers${total}`
  }
  const kinds = Object.entries(verification.violationsByKind).map(
    ([kind, count]) => `${kind} ${count}`,
  )
  const more = violationCount - violations.length
  return [
    `the books do not balance: ${violationCount} violations (${kinds.join(', ')})`,
    ...violations.map(({ kind, message }) => `${kind}: ${message}`),
    ...(more > 0 ? [`and ${more} more: list up to 10000 with --limit N (now ${limit})`] : []),
  ].join('\n')
}
