import mongoose, { type Connection } from 'mongoose'
import { databaseOf } from '../../src/internal.ts'
import { callersContestant } from './callers.ts'
import { type BenchOptions, type Contestant, ProofError } from './comparison.ts'
import { accountsOf, createAccounts, transfersOf } from './daybook-database.ts'
import { OPENING_CENTS, type Payment, type PaymentsBetween } from './payments.ts'

const { Decimal128, MongoServerError } = mongoose.mongo

const OPTIONS: mongoose.mongo.TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
}

/**
 * The fastest way found to move money correctly with only the driver: each transfer in a transaction of its own, with one
 * command that inserts the transfer, one that updates both accounts, and a commit. The update finds a sender only if it
 * is open and has the money. The collections are Daybook's, but the transfer stores no balances and no sequences, which
 * would take a read.
 */
export const bareDriverContestant = (
  options: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'>,
  { payments, ...contestant }: Pick<Contestant, 'name' | 'transfers'> & PaymentsBetween,
): Contestant =>
  callersContestant(options, contestant, async ({ connection }) => {
    const { accounts } = options
    await createAccounts(connection, accounts)
    // Daybook's validator wants the balances.
    await databaseOf(connection).command({ collMod: 'transfers', validator: {} })
    const nextPayment = payments(accounts)
    return {
      call: (stopIfTimeUp) => pay(connection, nextPayment(), stopIfTimeUp),
      prove: (posted) => prove(connection, { accounts, posted }),
    }
  })

async function pay(
  connection: Connection,
  payment: Payment,
  stopIfTimeUp: () => void,
): Promise<void> {
  const database = databaseOf(connection)
  const session = connection.getClient().startSession()
  try {
    await session.withTransaction(async () => {
      stopIfTimeUp()
      // Plain commands: the driver's methods for the same do more work in the client.
      requireWritten(1, await database.command(insertOf(payment), { session }))
      requireWritten(2, await database.command(updateOf(payment), { session }))
    }, OPTIONS)
  } finally {
    await session.endSession()
  }
}

/** The driver throws a command's own error, but not those of single writes. */
function requireWritten(expected: number, reply: mongoose.mongo.BSON.Document): void {
  const [error] = (reply['writeErrors'] as mongoose.mongo.ErrorDescription[] | undefined) ?? []
  if (error) throw new MongoServerError(error)
  if (reply['n'] !== expected) throw new ProofError(`${reply['n']} of ${expected} were written`)
}

const insertOf = ({ transferId, from, to, amount }: Payment) => ({
  insert: 'transfers',
  documents: [
    {
      _id: transferId,
      fromAccount: from,
      toAccount: to,
      amount: Decimal128.fromString(amount),
      currency: 'USD',
      postedAt: new Date(),
    },
  ],
})

const updateOf = ({ transferId, from, to, amount }: Payment) => {
  const changes = (change: string) => ({
    $inc: { balance: Decimal128.fromString(change), transferCount: 1 },
    $set: { updatedAt: new Date() },
    $push: { transfersComplete: { $each: [transferId], $slice: -10 } },
  })
  const isOpen = { status: 'open', currency: 'USD' }
  const hasMoney = { balance: { $gte: Decimal128.fromString(amount) } }
  return {
    update: 'accounts',
    updates: [
      { q: { _id: from, ...isOpen, ...hasMoney }, u: changes(`-${amount}`) },
      { q: { _id: to, ...isOpen }, u: changes(amount) },
    ],
    ordered: false,
  }
}

async function prove(
  connection: Connection,
  { accounts, posted }: { accounts: number; posted: number },
): Promise<void> {
  const [sum] = await accountsOf(connection)
    .aggregate<{ total: mongoose.mongo.BSON.Decimal128; count: number }>([
      { $group: { _id: null, total: { $sum: '$balance' }, count: { $sum: '$transferCount' } } },
    ])
    .toArray()
  const transfers = await transfersOf(connection).countDocuments()
  const cents = Math.round(Number(sum?.total.toString()) * 100)
  if (cents !== accounts * OPENING_CENTS || sum?.count !== 2 * posted || transfers !== posted) {
    throw new ProofError(
      `${connection.name}: ${transfers} transfers add up to balances of ${cents} cents, but ${posted} were posted`,
    )
  }
}
