import { accountModel } from '../../src/index.ts'
import { openBooks, proveBooks } from './books.ts'
import { inCalls, warmUpOf } from './callers.ts'
import type { BenchOptions, Entrant } from './contest.ts'
import type { Payments } from './payments.ts'

/** `Account.transfer()`, called by one caller after another or by many at a time. */
export const transferEntrant = (
  { accounts, callers, seconds }: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'>,
  entrant: Pick<Entrant, 'name' | 'transfers'> & { payments: (accounts: number) => Payments },
): Entrant => ({
  ...entrant,
  warmUp: warmUpOf(callers),
  async enter({ connection, signal }) {
    await openBooks(connection, accounts)
    const Account = accountModel(connection)
    const nextPayment = entrant.payments(accounts)
    let posted = 0
    return {
      async round(calls) {
        const round = await inCalls({ callers, calls, seconds, signal }, async () => {
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
