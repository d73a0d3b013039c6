const { Account, createCollections, openDatabase } = require('daybook')
const mongoose = require('mongoose')

async function main() {
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
  console.log(transfer.fromBalance.toString())

  await mongoose.disconnect()
  await database.close()
}

void main()
