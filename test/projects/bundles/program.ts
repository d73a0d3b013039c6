import { Account, createCollections, verify } from 'daybook'
import mongoose from 'mongoose'

async function main(uri = 'mongodb://localhost/bank?replicaSet=rs0') {
  await mongoose.connect(uri)
  await createCollections(mongoose.connection)
  await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '1000' })
  await Account.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })
  await Account.transfer({ transferId: 'RENT-2026-01', from: 'ADA', to: 'GRACE', amount: '100' })
  const { balance } = await Account.findById('ADA').orFail()
  const { transfers } = await verify(mongoose.connection)
  console.log(`${balance} after ${transfers} transfer`)
  await mongoose.disconnect()
}

void main(process.env.MONGODB_URI)
