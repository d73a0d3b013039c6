import mongoose from 'mongoose'
import { migrate } from '../../src/index.ts'

/** A process that migrates the database and prints the names of the migrations that it applied. */
const [uri = '', dbName = '', folder = ''] = process.argv.slice(2)
const connection = await mongoose
  .createConnection(uri, { dbName, appName: dbName, autoCreate: false, autoIndex: false })
  .asPromise()
const applied = await migrate(connection, {
  folder,
  log: (message) => process.stdout.write(`${message}\n`),
})
process.stdout.write(`${JSON.stringify(applied)}\n`)
await connection.close()
