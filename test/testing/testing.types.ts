// What must compile against the test kit, and what must not: tsc checks it, nothing runs it.
import type { Connection } from 'mongoose'
import { inject } from 'vitest'
import type { AccountDocument, AccountModel, TransferDocument } from '../../src/index.ts'
import { type Failure, openTestDatabase } from '../../src/testing.ts'
import { test } from '../../src/testing/vitest.ts'

export async function database(): Promise<void> {
  const { connection, openAccount, postTransfer, transferRequest, failNext } =
    await openTestDatabase({ uri: inject('mongodbUri') })
  void (connection satisfies Connection)
  void ((await openAccount({ holder: 'Ada', openingBalance: 5n })) satisfies AccountDocument)
  void ((await postTransfer({ amount: '1' })) satisfies TransferDocument)
  await failNext('write-conflict', { times: 2 })
  await failNext({ commands: ['insert'], errorCode: 1, errorLabels: ['TransientTransactionError'] })

  // @ts-expect-error a holder is a text
  await openAccount({ holder: 5 })
  // @ts-expect-error both sides must be said
  transferRequest({ from: 'A' })
  // @ts-expect-error there is no such failure
  await failNext('power-cut')
  // @ts-expect-error it says what befalls, not how
  const failure: Failure = { commands: ['insert'] }
  // @ts-expect-error it says how in two ways
  const both: Failure = { commands: ['insert'], errorCode: 1, closeConnection: true }
  void [failure, both]
}

test('fixtures are typed', ({ Account, postTransfer, database: { reset } }) => {
  void (Account satisfies AccountModel)
  void (postTransfer satisfies () => Promise<TransferDocument>)
  void (reset satisfies () => Promise<void>)
})

// @ts-expect-error a fixture that there is not
test('unknown', ({ Accounts }) => Accounts)
