import { type Verification, formatMoney, verify } from '../../src/index.ts'
import { type Command, Exit, jsonOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'

export const verifyCommand: Command<{ json: boolean }> = {
  command: 'verify',
  describe: 'prove that the books balance, or name the first error and exit with 1',
  builder: (yargs) => yargs.option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const verification = await verify(connection)
      if (options.json) context.print(JSON.stringify(asJson(verification)))
      else context.print(describeVerification(verification))
      return verification.violation === undefined ? Exit.done : Exit.failure
    }),
}

/** The result of a verification, in one sentence. */
export function describeVerification({
  accounts,
  transfers,
  totals,
  violation,
}: Verification): string {
  if (violation !== undefined) return `the books do not balance: ${violation}`
  const counts = `${accounts} accounts, ${transfers} transfers`
  const sums = [...totals].map(([currency, total]) => `${formatMoney(total, currency)} ${currency}`)
  const total = sums.length > 0 ? `, total balance ${sums.join(', ')}` : ''
  return `the books balance: ${counts}${total}`
}

const asJson = ({ totals, violation, ...counts }: Verification) => ({
  ...counts,
  totals: Object.fromEntries(
    [...totals].map(([currency, total]) => [currency, formatMoney(total, currency)]),
  ),
  balanced: violation === undefined,
  ...(violation !== undefined && { violation }),
})
