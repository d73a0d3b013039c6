import mongoose, { type Connection } from 'mongoose'
import { databaseOf } from '../../src/internal.ts'
import { callersContestant } from './callers.ts'
import { type BenchOptions, type Contestant, ProofError } from './comparison.ts'
import { OPENING_CENTS, type Payment, type PaymentsBetween, accountIdAt } from './payments.ts'

const { Decimal128 } = mongoose.mongo.BSON

const OPTIONS: mongoose.mongo.TransactionOptions = {
  readConcern: { level: 'local' },
  writeConcern: { w: 'majority' },
  readPreference: 'primary',
}

/**
 * The notebook's three statements as they are, with only the driver and its retry. To be fair, they get an
 * index on `account_id`, which the notebook does not have.
 */
export const notebookContestant = (
  options: Pick<BenchOptions, 'accounts' | 'callers' | 'seconds'>,
  { payments, ...contestant }: Pick<Contestant, 'name' | 'transfers' | 'isFixed'> & PaymentsBetween,
): Contestant =>
  callersContestant(options, contestant, async ({ connection }) => {
    const { accounts } = options
    await openAccounts(connection, accounts)
    const nextPayment = payments(accounts)
    return {
      call: (stopIfTimeUp) => pay(connection, nextPayment(), stopIfTimeUp),
      prove: (posted) => prove(connection, { accounts, posted }),
    }
  })

interface NotebookAccount {
  account_id: string
  account_holder: string
  account_type: string
  balance: mongoose.mongo.BSON.Decimal128
  transfers_complete: string[]
}

async function openAccounts(connection: Connection, accounts: number): Promise<void> {
  const database = databaseOf(connection)
  await database.collection('accounts').createIndex({ account_id: 1 }, { unique: true })
  await database.createCollection('transfers')
  await database.collection<NotebookAccount>('accounts').insertMany(
    Array.from({ length: accounts }, (_, index) => ({
      account_id: accountIdAt(index),
      account_holder: `Holder ${index}`,
      account_type: 'checking',
      balance: Decimal128.fromString(String(OPENING_CENTS / 100)),
      transfers_complete: [],
    })),
  )
}

async function pay(
  connection: Connection,
  { transferId, from, to, amount }: Payment,
  stopIfTimeUp: () => void,
): Promise<void> {
  const database = databaseOf(connection)
  const accounts = database.collection<NotebookAccount>('accounts')
  const session = connection.getClient().startSession()
  try {
    await session.withTransaction(async () => {
      stopIfTimeUp()
      await accounts.updateOne(
        { account_id: from },
        {
          $inc: { balance: Decimal128.fromString(`-${amount}`) },
          $push: { transfers_complete: transferId },
        },
        { session },
      )
      await accounts.updateOne(
        { account_id: to },
        {
          $inc: { balance: Decimal128.fromString(amount) },
          $push: { transfers_complete: transferId },
        },
        { session },
      )
      await database.collection('transfers').insertOne(
        {
          transfer_id: transferId,
          to_account: to,
          from_account: from,
          amount: { $numberDecimal: amount },
        },
        { session },
      )
    }, OPTIONS)
  } finally {
    await session.endSession()
  }
}

async function prove(
  connection: Connection,
  { accounts, posted }: { accounts: number; posted: number },
): Promise<void> {
  const database = databaseOf(connection)
  const [sum] = await database
    .collection('accounts')
    .aggregate<{ total: mongoose.mongo.BSON.Decimal128 }>([
      { $group: { _id: null, total: { $sum: '$balance' } } },
    ])
    .toArray()
  const cents = Number(sum?.total.toString()) * 100
  if (Math.round(cents) !== accounts * OPENING_CENTS) {
    throw new ProofError(
      `${connection.name}: the balances add up to ${sum?.total.toString()}, not to the opening balances`,
    )
  }
  const transfers = await database.collection('transfers').countDocuments()
  if (transfers !== posted) {
    throw new ProofError(
      `${connection.name} holds ${transfers} transfers, but ${posted} were posted`,
    )
  }
}
