import { Account, createCollections, openDatabase } from 'daybook'
import mongoose from 'mongoose'

// The replica set at MONGODB_URI, else one of this folder's own that is started when it is needed.
const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)

await Account.open({
  accountId: 'MDB574189300',
  holder: 'Ada',
  currency: 'USD',
  openingBalance: '1000',
})
await Account.open({ accountId: 'MDB343652528', holder: 'Grace', currency: 'USD' })

const transfer = await Account.transfer({
  transferId: 'TR218721873',
  from: 'MDB574189300',
  to: 'MDB343652528',
  amount: '100',
})
console.log(transfer.fromBalance.toString()) // 900, a decimal.js value

await mongoose.disconnect()
await database.close()
