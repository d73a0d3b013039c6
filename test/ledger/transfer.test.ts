import mongoose, { type Connection } from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  Decimal,
  accountModel,
  breakMigrationLock,
  createCollections,
  exportText,
  exportTransfers,
  holdModel,
  migrationStatus,
  replay,
  report,
  seed,
  verify,
} from '../../src/index.ts'
import { countCommands } from '../support/count-commands.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account, Transfer } = useDatabase()

const SENDER = 'MDB574189300'
const RECEIVER = 'MDB343652528'
const request = { transferId: 'TR218721873', from: SENDER, to: RECEIVER, amount: '100' }

const openBoth = () =>
  Promise.all([
    Account.open({ accountId: SENDER, holder: 'Ada', currency: 'USD', openingBalance: '1000' }),
    Account.open({ accountId: RECEIVER, holder: 'Grace', currency: 'USD' }),
  ])

describe('Account.transfer', () => {
  test('posts the transfer of the notebook: both balances, both lists, one transfer', async () => {
    await openBoth()

    const transfer = await Account.transfer(request)

    expect(transfer.toJSON()).toMatchObject({
      _id: 'TR218721873',
      fromAccount: SENDER,
      toAccount: RECEIVER,
      amount: '100.00',
      currency: 'USD',
      fromBalance: '900.00',
      toBalance: '100.00',
      fromSequence: 1,
      toSequence: 1,
    })
    const sender = await Account.findById(SENDER).orFail()
    const receiver = await Account.findById(RECEIVER).orFail()
    expect(sender.balance).toEqual(new Decimal(900))
    expect(receiver.balance).toEqual(new Decimal(100))
    expect([...sender.transfersComplete]).toEqual(['TR218721873'])
    expect([...receiver.transfersComplete]).toEqual(['TR218721873'])
    expect(await Transfer.countDocuments()).toBe(1)
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('leaves nothing behind when its last write fails', async () => {
    await openBoth()
    const { Account: before } = await stored()
    const rejecting = { collMod: 'transfers', validator: { never: { $exists: true } } }
    const validators = await connection.db!.listCollections({ name: 'transfers' }).toArray()
    await connection.db!.command(rejecting)

    await expect(Account.transfer(request)).rejects.toMatchObject({
      outcome: 'not posted',
      cause: { code: 121 },
    })

    const { options } = validators[0] as unknown as { options: { validator: object } }
    await connection.db!.command({ collMod: 'transfers', validator: options.validator })
    expect((await stored()).Account).toEqual(before)
    expect(await Transfer.countDocuments()).toBe(0)
    await expect(Account.transfer(request)).resolves.toMatchObject({ _id: 'TR218721873' })
  })

  test('makes an id if the caller does not pass one', async () => {
    await openBoth()
    const one = await Account.transfer({ from: SENDER, to: RECEIVER, amount: 1 })
    const other = await Account.transfer({ from: SENDER, to: RECEIVER, amount: 1 })
    expect(one._id).not.toBe(other._id)
    expect(await Transfer.countDocuments()).toBe(2)
  })

  test('returns the first result again for the same id and content, even if the amount is written differently', async () => {
    await openBoth()
    const first = await Account.transfer({ ...request, amount: '1.5' })
    const again = await Account.transfer({ ...request, amount: '1.50' })
    expect(again.toJSON()).toEqual(first.toJSON())
    expect((await Account.findById(SENDER).orFail()).balance.toString()).toBe('998.5')
  })

  test('returns the first result again even if the sender could not pay twice', async () => {
    await openBoth()
    await Account.transfer({ ...request, amount: '1000' })
    await expect(Account.transfer({ ...request, amount: '1000' })).resolves.toBeDefined()
  })

  test('refuses the same id with different content, and names the fields that differ', async () => {
    await openBoth()
    await Account.transfer({ ...request, reference: 'rent', metadata: { invoice: 7 } })
    await expect(
      Account.transfer({ ...request, amount: '99', reference: 'Rent', metadata: { invoice: 8 } }),
    ).rejects.toMatchObject({
      code: 'TRANSFER_CONFLICT',
      fields: ['amount', 'reference', 'metadata'],
    })
  })

  test('accepts a refused id again', async () => {
    await openBoth()
    await expect(Account.transfer({ ...request, amount: '1000.01' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      message: `account ${SENDER} has 1000.00 USD available, but the transfer needs 1000.01`,
    })
    await expect(Account.transfer(request)).resolves.toMatchObject({ _id: 'TR218721873' })
  })

  test('lets the sender go down to its overdraft limit and no further', async () => {
    await openBoth()
    await Account.open({ accountId: 'OD', holder: 'Tom', currency: 'USD', overdraftLimit: '50' })
    await Account.transfer({ from: 'OD', to: SENDER, amount: '50' })
    await expect(
      Account.transfer({ from: 'OD', to: SENDER, amount: '0.01' }),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS', available: new Decimal(0) })
  })

  test('joins the caller’s transaction, and is aborted or committed with it', async () => {
    await openBoth()
    const stop = new Error('the caller changes its mind')
    await expect(
      connection.transaction(async (session) => {
        await Account.transfer(request, { session })
        throw stop
      }),
    ).rejects.toBe(stop)
    expect(await Transfer.countDocuments()).toBe(0)

    await connection.transaction(async (session) => {
      await Account.transfer(request, { session })
      await Account.updateOne({ _id: SENDER }, { holder: 'Ada L.' }, { session })
    })
    expect(await Account.findById(SENDER).orFail()).toMatchObject({ holder: 'Ada L.' })
    expect(await Transfer.countDocuments()).toBe(1)
  })

  test('runs after other calls in the same transaction, even if they are not awaited one by one', async () => {
    await openBoth()
    await Account.open({ accountId: 'C', holder: 'Cy', currency: 'USD' })
    await connection.transaction(async (session) => {
      await Account.transfer({ ...request, transferId: 'first' }, { session })
      await Promise.all([
        ...['T1', 'T2', 'T3'].map((transferId) =>
          Account.transfer({ ...request, transferId, amount: '10' }, { session }),
        ),
        Account.transferMany([{ from: RECEIVER, to: 'C', amount: '5' }], { session }),
        Transfer.reverse('first', { session }),
        Account.freeze('C', { session }),
      ])
    })
    expect(await verify(connection)).not.toHaveProperty('violation')
    const sender = await Account.findById(SENDER).orFail()
    expect(sender).toMatchObject({ transferCount: 5, balance: new Decimal(970) })
    expect(await Account.findById('C').orFail()).toMatchObject({ status: 'frozen' })
  })

  test('can be called in a transaction in which another transfer was refused', async () => {
    await openBoth()
    await connection.transaction(async (session) => {
      const [refused, posted] = await Promise.allSettled([
        Account.transfer({ ...request, amount: '5000' }, { session }),
        Account.transfer({ ...request, amount: '5' }, { session }),
      ])
      expect(refused.status).toBe('rejected')
      expect(posted.status).toBe('fulfilled')
    })
    expect(await Transfer.countDocuments()).toBe(1)
  })

  test('finds the surrounding transaction if Mongoose is configured to', async () => {
    await openBoth()
    const other = new mongoose.Mongoose({ transactionAsyncLocalStorage: true })
    const stop = new Error('the caller changes its mind')
    const uri = inject('mongodbUri')
    const otherConnection = await other
      .createConnection(uri, { dbName: connection.name, autoIndex: false, autoCreate: false })
      .asPromise()
    const OtherAccount = accountModel(otherConnection)
    await expect(
      otherConnection.transaction(async () => {
        await OtherAccount.transfer(request)
        await OtherAccount.transferMany([{ ...request, transferId: 'other' }])
        await OtherAccount.freeze(RECEIVER)
        throw stop
      }),
    ).rejects.toBe(stop)
    expect(await Transfer.countDocuments()).toBe(0)
    expect(await Account.findById(RECEIVER).orFail()).toMatchObject({ status: 'open' })
    await OtherAccount.transfer(request)
    expect(await Transfer.countDocuments()).toBe(1)
    await otherConnection.close()
  })

  test.each([undefined, null, 'T1', 7])(
    'rejects %s as a request, and says what a request is',
    async (value) => {
      await expect(Account.transfer(value as never)).rejects.toThrow('not an object with from, to')
      await expect(Account.transferMany(value as never)).rejects.toThrow('not an array')
      await expect(Account.transferMany([request, value as never])).rejects.toThrow(
        `requests[1] is ${JSON.stringify(value)}`,
      )
    },
  )

  test('splits many transfers with much metadata into several transactions', async () => {
    await openBoth()
    const metadata = Object.fromEntries(
      Array.from({ length: 32 }, (_, index) => [`k${index}`, 'x'.repeat(512)]),
    )
    const commits = countCommands(connection, 'commitTransaction')
    const results = await Account.transferMany(
      Array.from({ length: 1_000 }, () => ({ from: SENDER, to: RECEIVER, amount: '1', metadata })),
    )
    expect(results.every(({ status }) => status === 'posted')).toBe(true)
    expect(commits()).toBe(2)
  })

  test('rejects a session that has no transaction in progress', async () => {
    const session = await connection.startSession()
    await expect(Account.transfer(request, { session })).rejects.toThrow(
      'the session has no transaction in progress',
    )
    await session.endSession()
  })

  test('keeps the latest 10 ids on the account, and every transfer in its collection', async () => {
    await openBoth()
    const ids = Array.from({ length: 130 }, (_, index) => `T${index}`)
    await Account.transferMany(
      ids.map((transferId) => ({ transferId, from: SENDER, to: RECEIVER, amount: '1' })),
    )
    const receiver = await Account.findById(RECEIVER).orFail()
    expect([...receiver.transfersComplete]).toEqual(ids.slice(-10))
    expect(receiver.transferCount).toBe(130)
    expect(await Transfer.countDocuments({ toAccount: RECEIVER })).toBe(130)
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('shortens a list of an earlier version, which kept 100 ids', async () => {
    await openBoth()
    const ids = Array.from({ length: 30 }, (_, index) => `T${index}`)
    await Account.transferMany(
      ids.map((transferId) => ({ transferId, from: SENDER, to: RECEIVER, amount: '1' })),
    )
    const list = async () => (await Account.findById(RECEIVER).orFail().lean()).transfersComplete
    const listing = (transfersComplete: string[]) =>
      connection
        .collection<{ _id: string }>('accounts')
        .updateOne({ _id: RECEIVER }, { $set: { transfersComplete } })

    await listing(['T0', ...ids.slice(1).toSpliced(10, 1, 'other')])
    expect(await verify(connection)).toMatchObject({
      violation: `account ${RECEIVER} lists other in transfersComplete where T11 is expected`,
    })
    await listing(ids)
    expect(await verify(connection)).not.toHaveProperty('violation')
    await Account.transfer({ transferId: 'last', from: SENDER, to: RECEIVER, amount: '1' })
    expect(await list()).toEqual([...ids.slice(-9), 'last'])
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})

async function stored() {
  const accounts = await Account.find().sort({ _id: 1 }).lean()
  return { Account: JSON.stringify(accounts) }
}

describe('a connection that is being opened', () => {
  const uses: [string, (opening: Connection) => Promise<unknown>][] = [
    ['createCollections', createCollections],
    ['Account.open', (opening) => accountModel(opening).open({ holder: 'A', currency: 'USD' })],
    ['Account.transfer', (opening) => accountModel(opening).transfer(request)],
    ['Hold.expire', (opening) => holdModel(opening).expire()],
    ['exportText', async (opening) => await exportText(opening, { format: 'csv' }).next()],
    ['exportTransfers', async (opening) => await exportTransfers(opening).next()],
    ['breakMigrationLock', breakMigrationLock],
    ['replay', (opening) => replay(opening, { file: 'examples/salaries.csv', dryRun: true })],
    [
      'migrationStatus',
      async (opening) => migrationStatus(opening, { folder: await makeFolder() }),
    ],
    ['report', (opening) => report(opening)],
    ['seed', (opening) => seed(opening, { accounts: 1 })],
    ['verify', (opening) => verify(opening)],
  ]

  test.each(uses)('is waited for by %s', async (_, use) => {
    await openBoth()
    // What is loaded at the first call would give the connection time to open.
    await use(connection)
    const opening = mongoose.createConnection(inject('mongodbUri'), { dbName: connection.name })
    onTestFinished(() => opening.close())
    expect(await use(opening).then(() => opening.readyState)).toBe(1)
  })
})

describe('a connection that is not open', () => {
  test('is reported at once', async () => {
    const unopened = accountModel(mongoose.createConnection())
    await expect(unopened.transfer(request)).rejects.toThrow('the connection is not open')
    await expect(verify(unopened.db)).rejects.toThrow('the connection is not open')
  })

  test('is reported at once with the one that is open, also by queries', async () => {
    const program = new mongoose.Mongoose()
    const forgotten = accountModel(program.connection)
    await program.createConnection(inject('mongodbUri')).asPromise()
    onTestFinished(() => program.disconnect())
    for (const call of [
      forgotten.transfer(request),
      forgotten.findOne(),
      forgotten.aggregate([]),
    ]) {
      await expect(call).rejects.toThrow('another one is, to the database "test" at')
    }
  })
})
