import type { Connection, mongo } from 'mongoose'
import {
  type AccountRecord,
  type TransferRecord,
  createCollections,
  verify,
} from '../../src/index.ts'
import { databaseOf } from '../../src/internal.ts'
import { ProofError } from './comparison.ts'
import { newAccounts } from './payments.ts'

export async function createAccounts(connection: Connection, accounts: number): Promise<void> {
  await createCollections(connection)
  for (let first = 0; first < accounts; first += ACCOUNTS_PER_INSERT) {
    const count = Math.min(ACCOUNTS_PER_INSERT, accounts - first)
    await accountsOf(connection).insertMany(newAccounts(count, first))
  }
}

const ACCOUNTS_PER_INSERT = 10_000

/** Writes everything to disk. Otherwise the server does it during the timed rounds. */
export const flush = (connection: Connection): Promise<unknown> =>
  connection.getClient().db('admin').command({ fsync: 1 })

/** Throws unless the books balance and hold exactly this many transfers. */
export async function proveBooks(connection: Connection, transfers: number): Promise<void> {
  const verification = await verify(connection)
  if (verification.violation !== undefined) {
    throw new ProofError(`${connection.name}: ${verification.violation}`)
  }
  if (verification.transfers !== transfers) {
    throw new ProofError(
      `${connection.name} holds ${verification.transfers} transfers, but ${transfers} were posted`,
    )
  }
}

export const accountsOf = (connection: Connection): mongo.Collection<AccountRecord> =>
  databaseOf(connection).collection('accounts')

export const transfersOf = (connection: Connection): mongo.Collection<TransferRecord> =>
  databaseOf(connection).collection('transfers')
