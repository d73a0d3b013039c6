import { accountModel } from '../../src/index.ts'
import { runCallers, warmUpOf } from './callers.ts'
import type { BenchOptions, Contestant } from './comparison.ts'
import { createAccounts, proveBooks } from './daybook-database.ts'
import type { NextPayment } from './payments.ts'

/** `Account.transfer()`, called by one or by many callers at the same time. */
export const transferContestant = (
  { accounts, callers, seconds }: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'>,
  contestant: Pick<Contestant, 'name' | 'transfers'> & {
    payments: (accounts: number) => NextPayment
  },
): Contestant => ({
  ...contestant,
  warmUp: warmUpOf(callers),
  async prepare({ connection, signal }) {
    await createAccounts(connection, accounts)
    const Account = accountModel(connection)
    const nextPayment = contestant.payments(accounts)
    let posted = 0
    return {
      async runRound(calls) {
        const round = await runCallers({ callers, calls, seconds, signal }, async () => {
          const { transferId, from, to, amount } = nextPayment()
          await Account.transfer({ transferId, from, to, amount })
        })
        posted += round.done
        return round
      },
      prove: () => proveBooks(connection, posted),
    }
  },
})
