import type { Connection, mongo } from 'mongoose'
import {
  type AccountRecord,
  type TransferRecord,
  createCollections,
  verify,
} from '../../src/index.ts'
import { databaseOf } from '../../src/internal.ts'
import { ProofError } from './contest.ts'
import { openingsOf } from './payments.ts'

/** Makes Daybook's collections, with so many accounts in them. */
export async function openBooks(connection: Connection, accounts: number): Promise<void> {
  await createCollections(connection)
  await accountsOf(connection).insertMany(openingsOf(accounts))
}

/** Throws unless the books balance and hold just so many transfers. */
export async function proveBooks(connection: Connection, transfers: number): Promise<void> {
  const verification = await verify(connection)
  if (verification.violation !== undefined) {
    throw new ProofError(`${connection.name}: ${verification.violation}`)
  }
  if (verification.transfers !== transfers) {
    throw new ProofError(
      `${connection.name} holds ${verification.transfers} transfers, ${transfers} were posted`,
    )
  }
}

/** The accounts in the bare driver. */
export const accountsOf = (connection: Connection): mongo.Collection<AccountRecord> =>
  databaseOf(connection).collection('accounts')

/** The transfers in the bare driver. */
export const transfersOf = (connection: Connection): mongo.Collection<TransferRecord> =>
  databaseOf(connection).collection('transfers')
