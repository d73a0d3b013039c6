import { accountModel } from '../../src/index.ts'
import { callersContestant } from './callers.ts'
import type { BenchOptions, Contestant } from './comparison.ts'
import { proveBooks } from './daybook-database.ts'
import { createHistory } from './earlier-transfers.ts'
import { paymentsOfFirstAccount } from './payments.ts'

/** The number of counterparties in the timed transfers: so few that the warm-up fills their lists of latest transfers. */
const COUNTERPARTIES = 2

/** `Account.transfer()`, one call after another, on an account with `earlier` transfers. */
export const historyContestant = (
  { accounts, seconds }: Pick<BenchOptions, 'accounts' | 'seconds'>,
  { earlier, ...contestant }: Pick<Contestant, 'name' | 'transfers'> & { earlier: number },
): Contestant =>
  callersContestant({ callers: 1, seconds }, { ...contestant, warmUp: 200 }, async (workspace) => {
    const { connection } = workspace
    const earlierPayment = paymentsOfFirstAccount(accounts - 1)
    await createHistory(workspace, { accounts, earlier, nextPayment: earlierPayment })
    const Account = accountModel(connection)
    const nextPayment = paymentsOfFirstAccount(COUNTERPARTIES)
    return {
      call() {
        const { transferId, from, to, amount } = nextPayment()
        return Account.transfer({ transferId, from, to, amount })
      },
      prove: (posted) => proveBooks(connection, earlier + posted),
    }
  })
