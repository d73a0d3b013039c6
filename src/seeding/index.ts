import type { Connection } from 'mongoose'
import { waitUntilOpen } from '../mongodb/connection.ts'
import type { GenerateOptions, Generated } from './generate.ts'
import type { SeedOptions, Seeded } from './seed.ts'

// What makes records is loaded at the first call.

/**
 * Adds accounts to work with: those of a file, and as many more as you ask for, made with faker. The same options
 * add the same accounts on every machine. Only missing accounts are added, and existing ones are not changed, so it
 * is safe to repeat. If it is killed and run again, it ends in the same state.
 *
 * The connection must be open, and `createCollections()` should have made the collections with their validators and
 * indexes. The file is read to its end before anything is written or removed. Memory does not grow with the number
 * of accounts that are made.
 *
 * @example
 * ```ts
 * await mongoose.connect(uri)
 * await createCollections(mongoose.connection)
 * const { added } = await seed(mongoose.connection, { accounts: 980 }) // 20 of the file, 980 made
 *
 * // In a development database: the same fresh accounts again, and nothing else.
 * await seed(mongoose.connection, { accounts: 980, reset: 'everything' })
 * ```
 * @throws InputError if the file is not one of valid accounts, if a currency is unknown, or if a seeded account that
 *   `reset: 'seeded'` would remove has a transfer. In each case nothing was changed
 * @throws DatabaseError if the database does not do it, or the user lacks a right
 */
export async function seed(connection: Connection, seedOptions?: SeedOptions): Promise<Seeded> {
  const module = await import('./seed.ts')
  await waitUntilOpen(connection)
  return await module.seed(connection, seedOptions)
}

/**
 * Writes a batch file of transfers between seeded accounts, to be replayed. The same options write the same text on
 * every machine. It needs no database. The file appears when it is complete, or not at all. Memory grows with the
 * number of accounts, not of transfers.
 *
 * @example
 * ```ts
 * const accounts = { accounts: 980 }
 * await seed(mongoose.connection, accounts)
 * const { outcomes } = await generate({ file: 'batch.csv', transfers: 10_000, seeded: accounts })
 * const summary = await replay(mongoose.connection, { file: 'batch.csv' })
 * // summary.posted === outcomes.posted
 * ```
 * @throws InputError if the file exists and `force` is not set, if its extension stands for no format, if it cannot
 *   be written, if the file of accounts is not valid, if a currency is unknown, or if no transfer can be made
 */
export async function generate(options: GenerateOptions): Promise<Generated> {
  const module = await import('./generate.ts')
  return await module.generate(options)
}
