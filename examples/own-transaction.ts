import { Account, TransferRefusedError, createCollections, openDatabase } from 'daybook'
import mongoose, { Schema } from 'mongoose'

const Order = mongoose.model('Order', new Schema({ _id: String, book: String }))

/** Writes an order together with its payment: both or neither. */
async function order(orderId: string, { book, price }: { book: string; price: string }) {
  await mongoose.connection.transaction(async (session) => {
    await Order.updateOne({ _id: orderId }, { book }, { upsert: true, session })
    await Account.transfer(
      { transferId: `order-${orderId}`, from: 'READER', to: 'SHOP', amount: price },
      { session },
    )
  })
}

const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)
await Account.open({ accountId: 'READER', holder: 'Ada', currency: 'EUR', openingBalance: '50' })
await Account.open({ accountId: 'SHOP', holder: 'Books & Co', currency: 'EUR' })

await order('1', { book: 'Die Buchhaltung', price: '19.90' })
try {
  await order('2', { book: 'Summa de arithmetica', price: '45' })
} catch (error) {
  if (!(error instanceof TransferRefusedError)) throw error
  console.log(error.code) // INSUFFICIENT_FUNDS
}
console.log(await Order.countDocuments()) // 1: the second order was not written either

await mongoose.disconnect()
await database.close()
