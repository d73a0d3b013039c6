import { createCollections, defineLedger, openDatabase } from 'daybook'
import mongoose, { Schema } from 'mongoose'

// The program has its own model of accounts, and its own collection.
const Account = mongoose.model('Account', new Schema({ provider: String }))

const { Account: BankAccount } = defineLedger(mongoose.connection, {
  models: { account: 'BankAccount' },
  collections: { accounts: 'bank_accounts' },
})

const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)

await BankAccount.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD' })
console.log(`${Account.collection.name} and ${BankAccount.collection.name}`)

await mongoose.disconnect()
await database.close()
