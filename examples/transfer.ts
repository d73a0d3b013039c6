import { Account, createCollections, openDatabase } from 'daybook'
import mongoose from 'mongoose'

// The replica set at MONGODB_URI, or a local one in this folder that is started when it is needed.
const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)

await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '1000' })
await Account.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })

const transfer = await Account.transfer({
  transferId: 'RENT-2026-01',
  from: 'ADA',
  to: 'GRACE',
  amount: '100',
})
console.log(transfer.fromBalance.toString()) // 900, a decimal.js value

await mongoose.disconnect()
await database.close()
