import { MongoMemoryReplSet } from 'mongodb-memory-server-core'
import mongoose, { type Connection } from 'mongoose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findMongod } from '../../src/engine/finding/mongod.ts'
import { accountModel, createCollections, transferModel, verify } from '../../src/index.ts'
import { inTransaction } from '../../src/mongodb/transaction.ts'

/** This file has its own replica set, because its failures would break the other test files. */
let replicaSet: MongoMemoryReplSet
let connection: Connection

beforeAll(async () => {
  const { path, version } = await findMongod()
  replicaSet = await MongoMemoryReplSet.create({
    binary: { systemBinary: path, version },
    replSet: {
      count: 1,
      storageEngine: 'wiredTiger',
      configSettings: { electionTimeoutMillis: 500 },
    },
  })
  connection = await mongoose
    .createConnection(replicaSet.getUri('failover'), { autoIndex: false, autoCreate: false })
    .asPromise()
  await createCollections(connection)
})

afterAll(async () => {
  await connection.close(true)
  await replicaSet.stop()
})

describe('transfers', () => {
  test('are posted once each, even if the primary steps down in the meantime', async () => {
    const Account = accountModel(connection)
    for (const accountId of ['A', 'B']) {
      await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance: '1000' })
    }
    const admin = connection.getClient().db('admin')
    const posted: Promise<unknown>[] = []
    for (let index = 0; index < 200; index += 1) {
      const transfer = Account.transfer({
        transferId: `T${index}`,
        from: 'A',
        to: 'B',
        amount: '1',
      })
      posted.push(transfer)
      if (index === 50) await admin.command({ replSetStepDown: 1, force: true })
      if (index % 20 === 0 && index < 50) await transfer
    }

    await expect(Promise.all(posted)).resolves.toHaveLength(200)

    expect(await transferModel(connection).countDocuments()).toBe(200)
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})

describe('a transaction', () => {
  test('fails with the number of attempts when transient errors last until its time is up', async () => {
    const accounts = connection.collection<{ _id: string }>('accounts')
    const otherSession = await connection.startSession()
    otherSession.startTransaction()
    await accounts.updateOne({ _id: 'A' }, { $set: { holder: 'held' } }, { session: otherSession })

    const blocked = inTransaction(
      connection,
      ({ session }) => accounts.updateOne({ _id: 'A' }, { $set: { holder: 'other' } }, { session }),
      { patience: 50 },
    )

    await expect(blocked).rejects.toMatchObject({
      name: 'OutcomeError',
      outcome: 'not posted',
      attempts: expect.any(Number) as number,
      cause: { codeName: 'WriteConflict' },
    })
    await otherSession.abortTransaction()
    await otherSession.endSession()
  })

  test('runs its callback again from the start after a transient error', async () => {
    const accounts = connection.collection<{ _id: string }>('accounts')
    const states: number[][] = []
    await inTransaction(connection, async ({ session }) => {
      const state: number[] = []
      states.push(state)
      state.push(states.length)
      await accounts.updateOne({ _id: 'A' }, { $set: { holder: 'Ada' } }, { session })
      if (states.length === 1) {
        const failure = new mongoose.mongo.MongoServerError({ message: 'transient' })
        failure.addErrorLabel('TransientTransactionError')
        throw failure
      }
    })
    expect(states).toEqual([[1], [2]])
  })
})

describe('when no server answers', () => {
  test('all callers of a group fail after one timeout', async () => {
    const options = { autoIndex: false, serverSelectionTimeoutMS: 300, bufferTimeoutMS: 300 }
    const uri = replicaSet.getUri('failover')
    const impatient = mongoose.createConnection()
    // A busy machine may need more time than the driver has to find the server.
    await vi.waitUntil(() => impatient.openUri(uri, options).catch(() => undefined), 20_000)
    const Account = accountModel(impatient)
    await replicaSet.stop({ doCleanup: false })
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () =>
        Account.transfer({ from: 'A', to: 'B', amount: '1' }, { patience: 1_000 }),
      ),
    )
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { name: 'OutcomeError', outcome: 'not posted' },
      })
    }
    await impatient.close(true)
  })
})
