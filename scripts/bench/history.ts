import { accountModel, createCollections } from '../../src/index.ts'
import { accountsOf, openBooks, proveBooks, transfersOf } from './books.ts'
import { inCalls } from './callers.ts'
import type { BenchOptions, Entrant, Place } from './contest.ts'
import { PaperLedger } from './paper-ledger.ts'
import { paymentsOfOne } from './payments.ts'

/** The timed transfers are with so few others that in the warm-up all their lists grow to their length. */
const OTHERS = 2

/** `Account.transfer()`, one after another, on an account with so many transfers behind it. */
export const historyEntrant = (
  { accounts, seconds }: Pick<BenchOptions, 'accounts' | 'seconds'>,
  { earlier, ...entrant }: Pick<Entrant, 'name' | 'transfers'> & { earlier: number },
): Entrant => ({
  ...entrant,
  warmUp: 200,
  async enter(place) {
    const { connection, signal } = place
    await openBooks(connection, accounts)
    await writeHistory(place, { accounts, earlier })
    const Account = accountModel(connection)
    const nextPayment = paymentsOfOne(OTHERS)
    let posted = earlier
    return {
      async round(calls) {
        const round = await inCalls({ callers: 1, calls, seconds, signal }, async () => {
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

/** How many transfers one insert takes, and how many inserts are in flight. */
const BATCH = 5_000
const IN_FLIGHT = 3

/** Writes what posting all these transfers would have left, without posting them. */
async function writeHistory(
  { connection, signal }: Place,
  { accounts, earlier }: { accounts: number; earlier: number },
): Promise<void> {
  const ledger = new PaperLedger()
  const nextPayment = paymentsOfOne(accounts - 1)
  const postedAt = new Date()
  const transfers = transfersOf(connection)
  // To make an index of what is there takes a fraction of the time of keeping it up.
  await transfers.dropIndexes()
  let left = earlier
  const work = async () => {
    while (left > 0) {
      signal.throwIfAborted()
      const length = Math.min(BATCH, left)
      left -= length
      const batch = Array.from({ length }, () => {
        const payment = nextPayment()
        const transferId = `H${payment.transferId}`
        return ledger.enter({ ...payment, transferId }, postedAt)
      })
      await transfers.insertMany(batch, { ordered: false, writeConcern: { w: 1 } })
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  if (earlier > 0) await accountsOf(connection).bulkWrite(ledger.settlements(postedAt))
  await createCollections(connection)
  // Else the server writes all of it to disk while the rounds are timed.
  await connection.getClient().db('admin').command({ fsync: 1 })
}
