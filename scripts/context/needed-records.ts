import type { Connection } from 'mongoose'
import {
  type AccountDocument,
  AccountNotFoundError,
  type BatchRecord,
  InputError,
  accountModel,
  batchModel,
} from '../../src/index.ts'
import { named } from '../../src/internal.ts'
import { suggestionFor } from './suggestion.ts'

/** The account that a command is about. @throws AccountNotFoundError */
export async function requireAccount(
  connection: Connection,
  accountId: string,
): Promise<AccountDocument> {
  const account = await accountModel(connection).findById(accountId)
  if (account) return account
  throw new AccountNotFoundError({ accountId })
}

/** The batch that a command is about. @throws InputError that suggests another if there is none of this name */
export async function requireBatch(connection: Connection, name: string): Promise<BatchRecord> {
  const batch = await batchModel(connection).findById(name)
  if (batch) return batch
  const suggestion = await suggestionFor(connection, 'batches', name)
  throw new InputError(
    `there is no batch ${named(name)}: daybook batches lists all batches${suggestion}`,
  )
}
