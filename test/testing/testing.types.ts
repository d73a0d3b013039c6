// What must compile against the test kit, and what must not. tsc checks this file; nothing runs it.
import type { Connection } from 'mongoose'
import { inject } from 'vitest'
import type { AccountDocument, AccountModel, TransferDocument } from '../../src/index.ts'
import { type Failure, openTestDatabase } from '../../src/testing/index.ts'
import { test } from '../../src/testing/vitest.ts'

export async function database(): Promise<void> {
  const { connection, openAccount, postTransfer, transferRequest, failNext } =
    await openTestDatabase({ uri: inject('mongodbUri') })
  void (connection satisfies Connection)
  void ((await openAccount({ holder: 'Ada', openingBalance: 5n })) satisfies AccountDocument)
  void ((await postTransfer({ amount: '1' })) satisfies TransferDocument)
  await failNext('write-conflict', { times: 2 })
  await failNext({ commands: ['insert'], errorCode: 1, errorLabels: ['TransientTransactionError'] })

  // @ts-expect-error a holder is a string
  await openAccount({ holder: 5 })
  // @ts-expect-error both accounts are required
  transferRequest({ from: 'A' })
  // @ts-expect-error the failure is unknown
  await failNext('power-cut')
  // @ts-expect-error the way to fail is missing
  const failure: Failure = { commands: ['insert'] }
  // @ts-expect-error there are two ways to fail
  const both: Failure = { commands: ['insert'], errorCode: 1, closeConnection: true }
  void [failure, both]
}

test('fixtures are typed', ({ Account, postTransfer, database: { reset } }) => {
  void (Account satisfies AccountModel)
  void (postTransfer satisfies () => Promise<TransferDocument>)
  void (reset satisfies () => Promise<void>)
})

// @ts-expect-error the fixture does not exist
test('unknown', ({ Accounts }) => Accounts)
