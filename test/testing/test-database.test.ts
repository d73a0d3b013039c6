import { AssertionError } from 'node:assert'
import mongoose, { Schema } from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { isListening } from '../../src/engine/local/tcp-ports.ts'
import { Account, OutcomeError, Transfer, accountModel, verify } from '../../src/index.ts'
import {
  type TestDatabase,
  type TestDatabaseOptions,
  openTestDatabase,
} from '../../src/testing/index.ts'

/** Opens a test database in the replica set of this run until the test ends. */
async function open(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const database = await openTestDatabase({ uri: inject('mongodbUri'), ...options })
  onTestFinished(() => database.close())
  return database
}

const onNewConnection = () => ({ connection: mongoose.createConnection() })

describe('openTestDatabase', () => {
  test('binds the models that a program imports, and creates their validators and indexes', async () => {
    const database = await open()
    expect(database.connection).toBe(mongoose.connection)
    expect(database.Account).toBe(mongoose.model(Account.modelName))
    await expect(Account.collection.insertOne({})).rejects.toThrow('Document failed validation')
    const indexes = Object.keys(await Transfer.collection.indexInformation())
    expect(indexes).toContain('toAccount_1_toSequence_1')
  })

  test('does not use mongoose’s default connection if another one is passed', async () => {
    const { connection } = await open(onNewConnection())
    expect(mongoose.connection.readyState).toBe(mongoose.ConnectionStates.disconnected)
    await accountModel(connection).open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
  })

  test('has factories with a value for each required field of the ledger’s own', async () => {
    const required = true
    const fields = {
      size: { type: 'Int32', min: 2.5, max: 9, required },
      share: { type: 'Decimal128', max: '0.25', required },
      score: { type: Number, required },
      dueOn: { type: Date, min: new Date('2030-01-01'), required },
      isUrgent: { type: Boolean, required },
      tenant: { type: 'ObjectId', required },
      branch: { type: String, enum: ['NORTH', 'SOUTH'], required },
      costCentre: { type: String, maxLength: 4, required },
      note: String,
    } as const
    const ledger = { fields: { account: fields, transfer: fields } }
    const { Account: accounts, postTransfer } = await open({ ...onNewConnection(), ledger })
    const values = {
      size: 3,
      share: '0.25',
      score: 1,
      dueOn: new Date('2030-01-01'),
      isUrgent: false,
      tenant: '000000000000000000000001',
      branch: 'NORTH',
      costCentre: 'cost',
    }
    const json = JSON.parse(JSON.stringify(values)) as object
    const transfer = await postTransfer({ amount: '5' })
    const account = await accounts.findById('ACCOUNT-1').orFail()
    for (const document of [transfer, account])
      expect(JSON.parse(JSON.stringify(document))).toMatchObject(json)
    expect(await postTransfer({ branch: 'SOUTH' } as object)).toMatchObject({ branch: 'SOUTH' })
  })

  test('creates the indexes of the program’s own models, also of those added later', async () => {
    const { connection } = onNewConnection()
    const twice = async (name: string) => {
      const model = connection.model(name)
      await model.create({ email: 'ada@bank' })
      await model.create({ email: 'ada@bank' })
    }
    const unique = { email: { type: String, unique: true } }
    connection.model('Customer', new Schema(unique))
    connection.model('Lead', new Schema(unique, { autoIndex: false, autoCreate: false }))
    const database = await open({ connection })
    connection.model('Latecomer', new Schema(unique))
    await database.reset()

    await expect(twice('Customer')).rejects.toThrow('E11000')
    await expect(twice('Latecomer')).rejects.toThrow('E11000')
    await twice('Lead')
  })

  test('opens a different database each time', async () => {
    const [one, other] = [await open(onNewConnection()), await open(onNewConnection())]
    await one.openAccount()
    await other.reset()
    expect(await one.Account.countDocuments()).toBe(1)
    expect(await other.Account.countDocuments()).toBe(0)
  })

  test('refuses a connection that is open, and names its database', async () => {
    const { connection } = await open(onNewConnection())
    await expect(openTestDatabase({ connection })).rejects.toThrow(
      `the connection is already open, to the database ${connection.name} at 127.0.0.1:`,
    )
    expect(connection.readyState).toBe(mongoose.ConnectionStates.connected)
  })

  test('leaves the connection closed if the URI is malformed', async () => {
    const { connection } = onNewConnection()
    const uri = 'mongodb:/127.0.0.1'
    await expect(openTestDatabase({ connection, uri })).rejects.toThrow('is not a MongoDB URI')
    await open({ connection })
  })

  test('starts one replica set per process, and stops it with the last database', async () => {
    const environment = process.env['MONGODB_URI']
    delete process.env['MONGODB_URI']
    onTestFinished(() => {
      if (environment !== undefined) process.env['MONGODB_URI'] = environment
    })
    const [one, other] = await Promise.all([
      openTestDatabase(onNewConnection()),
      openTestDatabase(onNewConnection()),
    ])
    const { port } = one.connection
    expect(other.connection.port).toBe(port)
    expect(inject('mongodbUri')).not.toContain(`:${port}`)

    await one.close()
    await other.postTransfer()
    await other.failNext('write-conflict')
    await other.close()

    expect(await isListening(port)).toBe(false)
  })
})

describe('a test database', () => {
  test('is empty after a reset, and still has its validators, indexes and views', async () => {
    const { connection, reset, postTransfer } = await open(onNewConnection())
    const database = connection.db!
    const options = { viewOn: 'transfers', pipeline: [] }
    await database.createCollection('latest', options)
    await database.collection('notes').insertOne({ text: 'the program’s own' })
    await postTransfer()
    const before = await database.listCollections().toArray()
    const indexes = () => database.collection('transfers').indexes()
    const indexesBefore = await indexes()

    await reset()

    for (const { name } of before) {
      if (name.startsWith('system.')) continue
      expect([name, await database.collection(name).countDocuments()]).toEqual([name, 0])
    }
    expect(await database.listCollections().toArray()).toEqual(before)
    expect(await indexes()).toEqual(indexesBefore)
  })

  test('forgets at a reset the accounts that had the same ids', async () => {
    const { connection, Account: Model, reset } = await open(onNewConnection())
    const opened = (balance: string, model = Model) =>
      Promise.all(
        // As another process would open them: this connection does not learn of it.
        ['A', 'B'].map((_id) =>
          model.create({ _id, holder: _id, currency: 'USD', openingBalance: balance }),
        ),
      )
    const pay = (amount: string) => Model.transfer({ from: 'A', to: 'B', amount })
    await opened('100')
    await pay('60')
    await reset()
    await opened('50')
    await expect(pay('50.01')).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    expect(await pay('45')).toMatchObject({ fromSequence: 1, toSequence: 1 })
    await reset()
    await opened('100')
    expect((await pay('60')).toJSON()).toMatchObject({ fromBalance: '40.00', toBalance: '160.00' })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is opened again by a reset if the program closed its connection', async () => {
    const { connection, openAccount, reset, Account: Model } = await open(onNewConnection())
    await openAccount()
    await connection.close()
    await reset()
    expect(await Model.countDocuments()).toBe(0)
    expect((await openAccount())._id).toBe('ACCOUNT-1')
  })

  test('is dropped when it is closed, even if the program closed its connection', async () => {
    const [open1, open2] = [await open(onNewConnection()), await open(onNewConnection())]
    const names = [open1.connection.name, open2.connection.name]
    await open2.connection.close()
    await Promise.all([open1.close(), open1.close(), open2.close()])

    const { connection } = await open(onNewConnection())
    const { databases } = await connection.db!.admin().listDatabases()
    expect(databases.map(({ name }) => name)).toEqual(expect.not.arrayContaining([names[0]]))
    expect(databases.map(({ name }) => name)).toEqual(expect.not.arrayContaining([names[1]]))
  })

  test('fails at once if the program closed its connection', async () => {
    const database = await open(onNewConnection())
    await database.connection.close()
    const verbs = [
      () => database.assertBooksBalance(),
      () => database.failNext('write-conflict'),
      () => database.openAccount(),
    ]
    for (const verb of verbs) {
      const error = await verb().catch((thrown: unknown) => thrown)
      const failure = error instanceof OutcomeError ? error.cause : error
      expect(failure).toMatchObject({ name: 'MongoNotConnectedError' })
    }
  })

  test('asserts that the books balance, and says what is wrong', async () => {
    const { Account: Model, assertBooksBalance, openAccount } = await open(onNewConnection())
    await openAccount()
    await assertBooksBalance()
    await Model.collection.updateOne({}, { $set: { balance: new mongoose.mongo.Decimal128('7') } })
    const failure = await assertBooksBalance().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AssertionError)
    expect(failure).toMatchObject({
      message: (await verify(Model.db)).violation,
    })
    expect(failure).toHaveProperty('message', expect.stringContaining('ACCOUNT-1'))
  })
})
