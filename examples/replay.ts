import { Account, createCollections, openDatabase, refusalModel, replay } from 'daybook'
import mongoose from 'mongoose'

const [file = 'examples/salaries.csv'] = process.argv.slice(2)

const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)
for (const [accountId, openingBalance] of [
  ['EMPLOYER', '9000'],
  ['EMPLOYEE-1', '0'],
  ['EMPLOYEE-2', '0'],
] as const) {
  await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance })
}

const summary = await replay(mongoose.connection, {
  file,
  onProgress: ({ phase, read, records }) => {
    if (phase === 'posting') console.error(`${read} of ${records} lines`)
  },
})
console.log(`${summary.status}: ${summary.posted} posted, ${summary.refused} refused`)

const Refusal = refusalModel(mongoose.connection)
for (const { _id, message } of await Refusal.find({ '_id.batch': summary.name })) {
  console.log(`line ${_id.line}: ${message}`)
}

await mongoose.disconnect()
await database.close()
