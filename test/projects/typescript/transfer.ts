import {
  Account,
  type AccountDocument,
  Decimal,
  createCollections,
  isLedgerError,
  openDatabase,
} from 'daybook'
import { openTestDatabase } from 'daybook/testing'
import mongoose from 'mongoose'

async function main(): Promise<void> {
  const database = await openDatabase()
  await mongoose.connect(database.uri)
  await createCollections(mongoose.connection)

  const request = { accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '1000' }
  const account: AccountDocument = await Account.open(request)
  const balance: Decimal = account.balance
  try {
    await Account.transfer({ from: account._id, to: 'NOBODY', amount: '1' })
  } catch (error) {
    if (!isLedgerError(error) || error.code !== 'ACCOUNT_NOT_FOUND') throw error
    console.log(`${balance.toFixed(2)}, and the ${error.side} account is missing`)
  }

  await mongoose.disconnect()
  await database.close()
}

// What must not compile.
export const wrong = () => [
  // @ts-expect-error a holder is required
  Account.open({ currency: 'USD' }),
  // @ts-expect-error a test database has no such option
  openTestDatabase({ url: 'mongodb://localhost' }),
]

void main()
