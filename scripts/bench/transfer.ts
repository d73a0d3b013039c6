import { accountModel } from '../../src/index.ts'
import { callersContestant } from './callers.ts'
import type { BenchOptions, Contestant } from './comparison.ts'
import { createAccounts, proveBooks } from './daybook-database.ts'
import type { PaymentsBetween } from './payments.ts'

/** `Account.transfer()`, called by one or by many callers at the same time. */
export const transferContestant = (
  options: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'>,
  { payments, ...contestant }: Pick<Contestant, 'name' | 'transfers'> & PaymentsBetween,
): Contestant =>
  callersContestant(options, contestant, async ({ connection }) => {
    await createAccounts(connection, options.accounts)
    const Account = accountModel(connection)
    const nextPayment = payments(options.accounts)
    return {
      call() {
        const { transferId, from, to, amount } = nextPayment()
        return Account.transfer({ transferId, from, to, amount })
      },
      prove: (posted) => proveBooks(connection, posted),
    }
  })
