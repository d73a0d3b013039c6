import { accountModel, createCollections } from '../../src/index.ts'
import { callersContestant } from './callers.ts'
import type { BenchOptions, Contestant, Workspace } from './comparison.ts'
import { accountsOf, createAccounts, proveBooks, transfersOf } from './daybook-database.ts'
import { InMemoryLedger } from './in-memory-ledger.ts'
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
    await createAccounts(connection, accounts)
    await writeHistory(workspace, { accounts, earlier })
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

const TRANSFERS_PER_INSERT = 5_000
const CONCURRENT_INSERTS = 3

/** Writes what posting the earlier transfers would have left, without posting them. */
async function writeHistory(
  { connection, signal }: Workspace,
  { accounts, earlier }: { accounts: number; earlier: number },
): Promise<void> {
  const ledger = new InMemoryLedger()
  const nextPayment = paymentsOfFirstAccount(accounts - 1)
  const postedAt = new Date()
  const transfers = transfersOf(connection)
  // Building the indexes afterwards takes a fraction of the time of updating them during the inserts.
  await transfers.dropIndexes()
  let left = earlier
  const insertTransfers = async () => {
    while (left > 0) {
      signal.throwIfAborted()
      const length = Math.min(TRANSFERS_PER_INSERT, left)
      left -= length
      const batch = Array.from({ length }, () => {
        const payment = nextPayment()
        const transferId = `H${payment.transferId}`
        return ledger.postOne({ ...payment, transferId }, postedAt)
      })
      await transfers.insertMany(batch, { ordered: false, writeConcern: { w: 1 } })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_INSERTS }, insertTransfers))
  if (earlier > 0) await accountsOf(connection).bulkWrite(ledger.accountUpdates(postedAt))
  await createCollections(connection)
  // Otherwise the server writes all of this to disk during the timed rounds.
  await connection.getClient().db('admin').command({ fsync: 1 })
}
