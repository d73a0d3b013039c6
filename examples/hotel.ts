import { Account, Hold, createCollections, openDatabase } from 'daybook'
import mongoose from 'mongoose'

const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)

await Account.open({ accountId: 'GUEST', holder: 'Ada', currency: 'EUR', openingBalance: '500' })
await Account.open({ accountId: 'HOTEL', holder: 'Hotel', currency: 'EUR' })

// At check-in the hotel reserves more than the room will cost.
const inAWeek = new Date(Date.now() + 7 * 24 * 60 * 60 * 1000)
await Account.hold({
  holdId: 'ROOM-7',
  from: 'GUEST',
  to: 'HOTEL',
  amount: '200',
  expiresAt: inAWeek,
})
const { balance, held, available } = await Account.findById('GUEST').orFail()
console.log(`${balance} EUR, ${held} held, ${available} available`) // 500 EUR, 200 held, 300 available

// Each night is paid from it. A part that is not the last has an id of its own.
await Hold.capture('ROOM-7', { amount: '90', transferId: 'ROOM-7-NIGHT-1' })
// At check-out the last night is paid, and the rest is free again.
await Hold.capture('ROOM-7', { amount: '95.50', final: true })

const guest = await Account.findById('GUEST').orFail()
console.log(`${guest.balance} EUR, ${guest.held} held, ${guest.available} available`) // 314.5 EUR, 0 held, 314.5 available

await mongoose.disconnect()
await database.close()
