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
  await accountsOf(connection).insertMany(newAccounts(accounts))
}

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
