import type { Book } from 'medici'
import type { Connection } from 'mongoose'
import { databaseOf } from '../../src/internal.ts'
import { UsageError } from '../context/command.ts'
import { callersContestant } from './callers.ts'
import { type BenchOptions, type Contestant, ProofError } from './comparison.ts'
import { OPENING_CENTS, accountIdAt, randomPayments } from './payments.ts'

/**
 * medici, the nearest relative, used as its README says for money that must not be spent twice: commit a
 * journal, read the sender's balance and lock the sender's account, all in one transaction. Its models work
 * only on mongoose's default connection.
 */
export const mediciContestant = (
  options: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'>,
  contestant: Pick<Contestant, 'name' | 'transfers'>,
): Contestant =>
  callersContestant(
    options,
    { ...contestant, needsDefaultConnection: true },
    async ({ connection }) => {
      const { accounts } = options
      const { Book, initModels, mongoTransaction } = await importMedici()
      await initModels()
      for (const [name, model] of Object.entries(connection.models)) {
        if (!name.startsWith('Medici_')) continue
        await model.createCollection()
        await model.createIndexes()
      }
      const book = new Book('bench', { precision: 2 })
      await openAccounts(book, accounts)
      const nextPayment = randomPayments(accounts)
      return {
        async call(stopIfTimeUp) {
          const { from, to, amount, transferId } = nextPayment()
          await mongoTransaction(async (session) => {
            stopIfTimeUp()
            const entry = book.entry(transferId).debit(from, amount).credit(to, amount)
            await entry.commit({ session })
            const { balance } = await book.balance({ account: from }, { session })
            if (balance < 0) {
              throw new ProofError(`medici: account ${from} has a balance of ${balance}`)
            }
            await book.writelockAccounts([from], { session })
          })
        },
        prove: (posted) => prove(connection, 1 + accounts + 2 * posted),
      }
    },
  )

/** Loads medici only for its own case. */
const importMedici = () =>
  import('medici').catch((error: unknown) => {
    const remedy = 'Install it with: npm install --no-save medici@7.4.0'
    throw new UsageError(`medici is not installed. ${remedy}`, { cause: error })
  })

/** Credits each account with its opening balance, in one journal. */
async function openAccounts(book: Book, accounts: number): Promise<void> {
  const opening = OPENING_CENTS / 100
  const entry = book.entry('opening').debit('Cash', accounts * opening)
  for (let index = 0; index < accounts; index += 1) entry.credit(accountIdAt(index), opening)
  await entry.commit()
}

async function prove(connection: Connection, entries: number): Promise<void> {
  const [sum] = await databaseOf(connection)
    .collection('medici_transactions')
    .aggregate<{ cents: number; entries: number }>([
      {
        $group: {
          _id: null,
          entries: { $sum: 1 },
          cents: { $sum: { $round: { $multiply: [{ $subtract: ['$credit', '$debit'] }, 100] } } },
        },
      },
    ])
    .toArray()
  if (sum?.cents !== 0 || sum.entries !== entries) {
    throw new ProofError(
      `medici holds ${sum?.entries} entries with a sum of ${sum?.cents} cents: expected ${entries} entries with a sum of 0`,
    )
  }
}
