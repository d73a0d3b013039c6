/** Posts transfers that other processes post at the same time with the same ids, and prints the results. */
import mongoose from 'mongoose'
import { accountModel } from '../../src/index.ts'

const [uri = '', dbName = '', count = '0'] = process.argv.slice(2)
const connection = await mongoose.createConnection(uri, { dbName, autoIndex: false }).asPromise()
const Account = accountModel(connection)
const transfers = await Promise.all(
  Array.from({ length: Number(count) }, (_, index) =>
    Account.transfer({
      transferId: `T${index}`,
      from: index % 2 ? 'A' : 'B',
      to: index % 3 ? 'C' : index % 2 ? 'B' : 'A',
      amount: '1',
    }),
  ),
)
process.stdout.write(JSON.stringify(transfers))
await connection.close()
