import mongoose from 'mongoose'
import { beforeEach, describe, expect, inject, test } from 'vitest'
import { accountModel, verify } from '../../src/index.ts'
import { type Failure, failNext } from '../../src/testing/index.ts'
import { runScript } from '../support/run-script.ts'
import { countCommands } from '../support/count-commands.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  for (const _id of ['A', 'B', 'C']) {
    // Not with Account.open(): the connection would remember the accounts, and its first transfer would not
    // read.
    await Account.create({ _id, holder: _id, currency: 'USD', openingBalance: '1000' })
  }
})

const pay = (transferId: string, amount = '1') =>
  Account.transfer({ transferId, from: 'A', to: 'B', amount })

const booksBalance = async () => expect(await verify(connection)).not.toHaveProperty('violation')

describe('concurrent transfers', () => {
  test('share transactions: the first is posted at once, and all others in the next one', async () => {
    const commits = countCommands(connection, 'commitTransaction')
    await Promise.all(Array.from({ length: 256 }, (_, index) => pay(`T${index}`)))
    expect(commits()).toBe(2)
    expect(await Transfer.countDocuments()).toBe(256)
    await booksBalance()
  })

  test('each get their own result, and a refusal does not affect the others', async () => {
    const results = await Promise.allSettled([
      pay('T1'),
      pay('T2', '5000'),
      pay('T3'),
      pay('T4', 'abc'),
      Account.transfer({ transferId: 'T5', from: 'A', to: 'NOBODY', amount: '1' }),
      pay('T6'),
    ])
    expect(
      results.map((result) =>
        result.status === 'fulfilled' ? result.value._id : (result.reason as { code: string }).code,
      ),
    ).toEqual(['T1', 'INSUFFICIENT_FUNDS', 'T3', 'INVALID_AMOUNT', 'ACCOUNT_NOT_FOUND', 'T6'])
    await booksBalance()
  })

  test('wait for an account that another transaction holds only if they need it', async () => {
    for (const accountId of ['D', 'E']) {
      await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance: '10' })
    }
    const otherSession = await connection.startSession()
    otherSession.startTransaction()
    const change = { $set: { holder: 'held' } }
    await connection
      .collection('accounts')
      .updateOne({ holder: 'A' }, change, { session: otherSession })
    const order: string[] = []
    const first = pay('T0').then(() => order.push('first'))
    const second = pay('T1').then(() => order.push('second'))
    await Account.transfer({ transferId: 'T2', from: 'D', to: 'E', amount: '1' })
    order.push('unrelated')
    await otherSession.abortTransaction()
    await otherSession.endSession()
    await Promise.all([first, second])
    expect(order[0]).toBe('unrelated')
    expect(order.toSorted()).toEqual(['first', 'second', 'unrelated'])
    await booksBalance()
  })

  test('post the request as it was at the call, even if the caller changes the object later', async () => {
    const request = { transferId: '', from: 'A', to: 'B', amount: 0, metadata: { n: 0 } }
    const posted = [1, 2, 3].map((n) => {
      Object.assign(request, { transferId: `T${n}`, amount: n })
      request.metadata.n = n
      return Account.transfer(request)
    })
    expect(await Promise.all(posted)).toMatchObject(
      [1, 2, 3].map((n) => ({ _id: `T${n}`, metadata: { n } })),
    )
    expect((await Account.findById('B').orFail()).balance.toString()).toBe('1006')
  })

  test('with the same id and content are posted once, and all get the same transfer', async () => {
    const transfers = await Promise.all(Array.from({ length: 20 }, () => pay('T1')))
    expect(new Set(transfers.map((transfer) => JSON.stringify(transfer))).size).toBe(1)
    expect(await Transfer.countDocuments()).toBe(1)
    await booksBalance()
  })

  test('with the same id and different content: one is posted, and the others learn what differs', async () => {
    const results = await Promise.allSettled(['1', '2', '3'].map((amount) => pay('T1', amount)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(results.slice(1)).toMatchObject([
      { reason: { code: 'TRANSFER_CONFLICT', fields: ['amount'] } },
      { reason: { code: 'TRANSFER_CONFLICT', fields: ['amount'] } },
    ])
  })

  test('with the same ids on two connections are posted once each', async () => {
    const other = await mongoose
      .createConnection(inject('mongodbUri'), { dbName: connection.name })
      .asPromise()
    const requests = Array.from({ length: 100 }, (_, index) => ({
      transferId: `T${index % 50}`,
      from: 'A',
      to: index % 2 ? 'B' : 'C',
      amount: '1',
    }))
    const both = [Account, accountModel(other)]
    const transfers = await Promise.all(
      requests.flatMap((request) => both.map((model) => model.transfer(request))),
    )
    await other.close()
    const texts = new Set(transfers.map((transfer) => JSON.stringify(transfer)))
    expect(transfers).toHaveLength(200)
    expect(texts.size).toBe(50)
    expect(await Transfer.countDocuments()).toBe(50)
    await booksBalance()
  })

  test('with the same ids in several processes are posted once each', async () => {
    const uri = inject('mongodbUri')
    const outputs = await Promise.all(
      [1, 2, 3].map(() =>
        runScript('test/support/transfer-child.ts', [uri, connection.name, '200']),
      ),
    )
    expect(new Set(outputs).size).toBe(1)
    expect(JSON.parse(outputs[0] as string)).toHaveLength(200)
    expect(await Transfer.countDocuments()).toBe(200)
    await booksBalance()
  })

  test('are posted one by one after an error, so that only the one at fault fails', async () => {
    const validator = { reference: { $ne: 'unstorable' } }
    const [collection] = await connection.db!.listCollections({ name: 'transfers' }).toArray()
    await connection.db!.command({ collMod: 'transfers', validator })

    const results = await Promise.allSettled([
      pay('T1'),
      pay('T2'),
      Account.transfer({
        transferId: 'T3',
        from: 'A',
        to: 'B',
        amount: '1',
        reference: 'unstorable',
      }),
      pay('T4'),
    ])

    await connection.db!.command({
      collMod: 'transfers',
      validator: (collection as { options?: { validator?: object } }).options?.validator,
    })
    expect(results).toMatchObject([
      { value: { _id: 'T1' } },
      { value: { _id: 'T2' } },
      { reason: { outcome: 'not posted', id: 'T3', cause: { code: 121 } } },
      { value: { _id: 'T4' } },
    ])
    await booksBalance()
  })
})

describe('a transfer', () => {
  const TRANSIENT = { errorCode: 112, errorLabels: ['TransientTransactionError'] }

  test.each<[string, Failure]>([
    ['the read meets a transient error', { commands: ['find'], ...TRANSIENT }],
    ['the update meets a transient error', { commands: ['update'], ...TRANSIENT }],
    ['the insert meets a transient error', { commands: ['insert'], ...TRANSIENT }],
    ['the commit meets a transient error', { commands: ['commitTransaction'], ...TRANSIENT }],
    ['the connection is lost during the read', { commands: ['find'], closeConnection: true }],
    ['the connection is lost during the update', { commands: ['update'], closeConnection: true }],
    ['the connection is lost during the insert', { commands: ['insert'], closeConnection: true }],
    [
      'the connection is lost during the commit',
      { commands: ['commitTransaction'], closeConnection: true },
    ],
    [
      'the commit succeeds and its reply says that the outcome is unknown',
      {
        commands: ['commitTransaction'],
        writeConcernError: { code: 91, errmsg: 'shutting down' },
      },
    ],
    [
      'the commit succeeds and its outcome stays unknown',
      {
        commands: ['commitTransaction'],
        writeConcernError: { code: 50, errmsg: 'operation exceeded time limit' },
      },
    ],
  ])('is posted once when %s', async (_description, failure) => {
    const sent = countCommands(connection, failure.commands[0] as string)
    await failNext(connection, failure)

    await expect(pay('T1')).resolves.toMatchObject({ _id: 'T1' })

    expect(sent()).toBeGreaterThan(1)
    expect(await Transfer.countDocuments()).toBe(1)
    expect((await Account.findById('B').orFail()).balance.toString()).toBe('1001')
    await booksBalance()
  })

  test('says that it was not posted when the server refuses permanently', async () => {
    await failNext(connection, { commands: ['insert'], errorCode: 8000 })
    await expect(pay('T1')).rejects.toMatchObject({
      name: 'OutcomeError',
      outcome: 'not posted',
      id: 'T1',
      cause: { code: 8000 },
    })
    expect(await Transfer.countDocuments()).toBe(0)
    await expect(pay('T1')).resolves.toMatchObject({ _id: 'T1' })
  })
})
