import { type MigrationParameters, accountModel } from 'daybook'

/** Creates a customer for each account holder. */
export async function up({ connection, session, log }: MigrationParameters): Promise<void> {
  const holders = await accountModel(connection).distinct('holder').session(session)
  if (holders.length === 0) return
  const customers = holders.map((name) => ({ name }))
  await connection.collection('customers').insertMany(customers, { session })
  log(`${holders.length} customers`)
}

export async function down({ connection, session }: MigrationParameters): Promise<void> {
  await connection.collection('customers').deleteMany({}, { session })
}
