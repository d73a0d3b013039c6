import { fileURLToPath } from 'node:url'
import mongoose from 'mongoose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BatchConflictError, mark, migrate, revert, verify } from '../src/index.ts'
import { type ReplicaSet, startReplicaSet } from '../src/testing.ts'
import { useDatabase } from './support/database.ts'
import { notebookOf, notebookTransfer } from './support/notebook.ts'

const { Decimal128 } = mongoose.Types
const ADOPTION = '0001-adopt-notebook'

/** A replica set of its own, as the adoption's other tests have. */
let replicaSet: ReplicaSet
beforeAll(async () => {
  replicaSet = await startReplicaSet()
})
afterAll(() => replicaSet.stop())
const { connection, Account } = useDatabase({ uri: () => replicaSet.uri })
const { accounts } = notebookOf(connection)

const folder = fileURLToPath(new URL('../scripts/migrations', import.meta.url))

let told: string[]
const tell = (message: string) => void told.push(message)

const up = async (settings: { currency?: string; skipUnadoptable?: boolean } = {}) =>
  await migrate(connection, { folder, tell, settings })
const down = async () => await revert(connection, { folder, tell, to: '0' })

beforeEach(async () => {
  told = []
  for (const { name } of await connection.listCollections()) await connection.dropCollection(name)
  await accounts.insertMany([
    { account_id: 'A', account_holder: 'Ada', balance: 1000, transfers_complete: [] },
    { account_id: 'B', balance: new Decimal128('50.50'), transfers_complete: [] },
  ])
})

const pay = async (id: string, amount: number) =>
  await notebookTransfer(connection, { id, from: 'A', to: 'B', amount })

const batches = connection.collection('batches')

describe('an adoption whose transfers end early', () => {
  test('says so, and does not wait for more', async () => {
    await pay('TR1', 5)
    await up()
    await batches.updateOne({}, { $set: { status: 'running', records: 9 } })
    await mark(connection, ADOPTION, { folder, as: 'pending' })
    await expect(up()).rejects.toThrow(BatchConflictError)
    await expect(up()).rejects.toThrow('stands at record 1 of 9, and there are no more to post')
  })
})

describe('a notebook without transfers', () => {
  test('is adopted, and brought back', async () => {
    await up()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 0 })
    expect(await batches.findOne()).toMatchObject({ status: 'finished' })
    await Account.transfer({ from: 'A', to: 'B', amount: '1' })
    await down()
    await up()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 1 })
  })
})
