import { Account, Transfer, TransferRefusedError, createCollections, openDatabase } from 'daybook'
import mongoose from 'mongoose'

const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)
await Account.open({ accountId: 'BUYER', holder: 'Ada', currency: 'EUR', openingBalance: '100' })
await Account.open({ accountId: 'SELLER', holder: 'Books & Co', currency: 'EUR' })
await Account.open({ accountId: 'FEES', holder: 'The market', currency: 'EUR' })

/** The buyer pays, the seller gets it, and pays the fee: all of it or nothing, and once for each order. */
async function settle(orderId: string, { price, fee }: { price: string; fee: string }) {
  return await Account.transferGroup({
    groupId: `ORDER-${orderId}`,
    legs: [
      { from: 'BUYER', to: 'SELLER', amount: price, reference: `order ${orderId}` },
      { from: 'SELLER', to: 'FEES', amount: fee, reference: `fee of order ${orderId}` },
    ],
  })
}

await settle('7', { price: '80.00', fee: '4.80' })
await settle('7', { price: '80.00', fee: '4.80' }) // the same order again: nothing more is posted
try {
  await settle('8', { price: '15.00', fee: '91.00' })
} catch (error) {
  if (!(error instanceof TransferRefusedError)) throw error
  console.log(error.message) // leg 2: account SELLER has 90.20 EUR available, but the transfer needs 91.00
}

const balances = async () =>
  (await Account.find().sort({ _id: 1 })).map(({ _id, balance }) => `${_id} ${balance.toFixed(2)}`)
console.log((await balances()).join(', ')) // BUYER 20.00, FEES 4.80, SELLER 75.20

await Transfer.reverseGroup('ORDER-7', { reference: 'returned' })
console.log((await balances()).join(', ')) // BUYER 100.00, FEES 0.00, SELLER 0.00

await mongoose.disconnect()
await database.close()
