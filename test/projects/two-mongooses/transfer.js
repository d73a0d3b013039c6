const { Account, accountModel, createCollections, openDatabase, verify } = require('daybook')
const mongoose = require('mongoose')

async function main() {
  const database = await openDatabase()
  const { connection } = await mongoose.connect(database.uri)
  await createCollections(connection)

  const OwnAccount = accountModel(connection)
  await OwnAccount.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '10' })
  await OwnAccount.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })
  await OwnAccount.transfer({ transferId: 'RENT', from: 'ADA', to: 'GRACE', amount: '1' })
  const ada = await OwnAccount.findById('ADA').orFail()
  const { balanced } = await verify(connection)
  console.log(mongoose.version, ada.balance.toString(), balanced)

  await Account.findById('ADA').catch((error) => console.log(error.message))

  await mongoose.disconnect()
  await database.close()
}

void main()
