import mongoose from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { BatchConflictError, InputError, markMigration, verify } from '../../src/index.ts'
import { adoptNotebook } from '../../src/notebook/adoption.ts'
import { restoreNotebook } from '../../src/notebook/restoration.ts'
import {
  ADOPTION,
  LATER_MIGRATIONS,
  duringCommand,
  folder,
  useAdoption,
} from '../support/adoption.ts'
import { bytesOf, notebookTransfer } from '../support/notebook.ts'

const { Decimal128, ObjectId } = mongoose.Types
const { Binary, Long, Timestamp } = mongoose.mongo

const {
  connection,
  Account,
  accounts,
  transfers,
  uri,
  logged,
  up,
  upAll,
  down,
  parameters,
  collectionNames,
} = useAdoption()

beforeEach(async () => {
  await accounts.insertMany([
    { account_id: 'A', account_holder: 'Ada', balance: 1000, transfers_complete: [] },
    { account_id: 'B', balance: new Decimal128('50.50'), transfers_complete: [] },
  ])
})

const pay = async (id: string, amount: number) =>
  await notebookTransfer(connection, { id, from: 'A', to: 'B', amount })

const batches = connection.collection('batches')

const payment = { transfer_id: 'TR9', from_account: 'A', to_account: 'B', amount: 5 }

describe('a notebook whose program continues to write', () => {
  const isRecorded = () => batches.findOne()
  const isRenamed = async () => (await collectionNames()).includes('notebook_transfers')

  test('is brought back with what was written before its collections were renamed', async () => {
    await pay('TR1', 5)
    const error = await duringCommand(
      connection,
      { command: 'renameCollection' },
      { run: up, until: isRecorded, work: () => pay('TR2', 7) },
    )
    expect(error).toBeInstanceOf(InputError)
    expect(error).toMatchObject({ message: expect.stringContaining('Stop that program') })
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR2'])
    expect(await accounts.findOne({ account_id: 'A' })).toMatchObject({ balance: 988 })
    expect(await collectionNames()).not.toContain('notebook_transfers')
    await up()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 2 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is brought back if only an account was written to', async () => {
    const error = await duringCommand(
      connection,
      { command: 'renameCollection' },
      {
        run: up,
        until: isRecorded,
        work: () => accounts.updateOne({ account_id: 'A' }, { $set: { balance: 7 } }),
      },
    )
    expect(error).toBeInstanceOf(InputError)
    expect(await accounts.findOne({ account_id: 'A' })).toMatchObject({ balance: 7 })
  })

  test('is brought back with what was written under its old names before validators refused that', async () => {
    await pay('TR1', 5)
    const work = async () => {
      await transfers.insertOne({ ...payment })
      await accounts.insertOne({ account_id: 'NEW', balance: 1 })
    }
    const error = await duringCommand(
      connection,
      { command: 'create', skip: 2 },
      { run: up, until: isRenamed, work },
    )
    expect(error).toBeInstanceOf(InputError)
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR9'])
    expect(await accounts.distinct('account_id')).toEqual(['A', 'B', 'NEW'])
    expect(await batches.countDocuments()).toBe(0)
    expect(await collectionNames()).not.toContain('notebook_accounts')
  })

  test('is not adopted if it grows during its adoption', async () => {
    await pay('TR1', 5)
    const kept = connection.collection('notebook_transfers')
    const error = await duringCommand(
      connection,
      { command: 'insert' },
      { run: up, work: () => kept.insertOne({ ...payment }) },
    )
    expect(error).toBeInstanceOf(BatchConflictError)
    expect(error).toMatchObject({ message: expect.stringContaining('more documents in notebook_') })
    await down()
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR9'])
  })

  test('keeps what was written past the validators when it is brought back', async () => {
    await pay('TR1', 5)
    await up()
    await transfers.insertOne({ ...payment }, { bypassDocumentValidation: true })
    await accounts.insertOne({ account_id: 'NEW' }, { bypassDocumentValidation: true })
    await down()
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR9'])
    expect(await accounts.distinct('account_id')).toEqual(['A', 'B', 'NEW'])
  })
})

describe('a collection that no adoption made', () => {
  test.each([
    { copied: ['accounts'] },
    { copied: ['transfers'] },
    { copied: ['accounts', 'transfers'] },
  ])('is left as it is, and the adoption is refused: a copy of $copied', async ({ copied }) => {
    await pay('TR1', 5)
    for (const name of copied) {
      const into = connection.collection(name).aggregate([{ $out: `notebook_${name}` }])
      await into.toArray()
    }
    await pay('TR2', 7)
    const names = await collectionNames()
    const before = await bytesOf(connection, names)
    await expect(up()).rejects.toThrow(/collection notebook_\w+ that no adoption made/)
    await down()
    expect(logged[0]).toBe(`left notebook_${copied[0]} as it is, because no adoption made it`)
    expect(await bytesOf(connection, names)).toEqual(before)
  })

  test('is left as it is, and the adoption is refused: a document with the name of its batch', async () => {
    await pay('TR1', 5)
    await batches.insertOne({ _id: 'notebook' as never, mine: 1 })
    await expect(up()).rejects.toThrow('batches has a document "notebook" that no adoption made')
    await down()
    expect(await transfers.countDocuments()).toBe(1)
    expect(await batches.countDocuments()).toBe(1)
  })
})

describe('a database that has more than a notebook', () => {
  test.each([false, true])(
    'is refused: transfers of the notebook with accounts of Daybook (skipUnadoptable: %s)',
    async (skipUnadoptable) => {
      await accounts.drop()
      await up()
      await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
      await transfers.insertOne({ ...payment }, { bypassDocumentValidation: true })
      await markMigration(connection, ADOPTION, { folder, as: 'pending' })
      await expect(up({ skipUnadoptable })).rejects.toThrow(
        'documents of the notebook (in transfers) and of Daybook (in accounts)',
      )
      expect(await collectionNames()).not.toContain('notebook_accounts')
      expect(await Account.countDocuments()).toBe(1)
    },
  )

  test('is refused: a view', async () => {
    await connection.createCollection('people', {})
    await connection.collection('people').insertOne({ account_id: 'A', balance: 1 })
    await accounts.drop()
    await connection.createCollection('accounts', { viewOn: 'people', pipeline: [] })
    const names = await collectionNames()
    await expect(up()).rejects.toThrow('accounts is a view, which cannot be renamed')
    expect(await collectionNames()).toEqual(names)
  })
})

describe('a database user without the role dbAdmin', () => {
  test('can adopt a notebook, but not bring it back', async () => {
    await pay('TR1', 5)
    const client = connection.getClient()
    const failPoint = { configureFailPoint: 'failCommand' }
    const data = { failCommands: ['collMod'], errorCode: 13, appName: client.options.appName }
    await client.db('admin').command({ ...failPoint, mode: 'alwaysOn', data })
    try {
      expect(await upAll()).toEqual([ADOPTION, ...LATER_MIGRATIONS])
      await expect(down()).rejects.toMatchObject({ cause: { code: 13 } })
    } finally {
      await client.db('admin').command({ ...failPoint, mode: 'off' })
    }
    await down()
    expect(await transfers.countDocuments()).toBe(1)
  })
})

describe('an adoption on a connection that reads from secondaries', () => {
  test('reads from the primary, because a secondary may lag behind', async () => {
    await pay('TR1', 5)
    const options = { dbName: connection.name, monitorCommands: true, autoIndex: false }
    const other = await mongoose
      .createConnection(uri(), { ...options, readPreference: 'secondaryPreferred' })
      .asPromise()
    const elsewhere: string[] = []
    other.getClient().on('commandStarted', ({ commandName, command }) => {
      if (command['$readPreference'] && /^(?:find|aggregate|listCollections)$/.test(commandName)) {
        elsewhere.push(`${commandName} ${command[commandName]}`)
      }
    })
    try {
      await adoptNotebook({ ...parameters(), connection: other })
      await restoreNotebook({ ...parameters(), connection: other })
    } finally {
      await other.close()
    }
    expect(elsewhere.filter((each) => each !== 'aggregate 1')).toEqual([])
    expect(await transfers.countDocuments()).toBe(1)
  })
})

describe('an adoption with fewer transfers than its record says', () => {
  test('fails, and does not wait for more', async () => {
    await pay('TR1', 5)
    await up()
    await batches.updateOne({}, { $set: { status: 'running', records: 9 } })
    await markMigration(connection, ADOPTION, { folder, as: 'pending' })
    await expect(up()).rejects.toThrow(BatchConflictError)
    await expect(up()).rejects.toThrow(
      'is posted up to record 1 of 9, but there are no more records',
    )
  })
})

describe('a notebook without transfers', () => {
  test('is adopted, and brought back', async () => {
    const before = await bytesOf(connection, ['accounts'])
    await up()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 0 })
    expect(await batches.findOne()).toMatchObject({ status: 'finished' })
    await down()
    expect(await bytesOf(connection, ['accounts'])).toEqual(before)
  })
})

const account = (parts: object) => ({ account_id: 'C', balance: 5, ...parts })
const transfer = (parts: object) => ({ ...payment, ...parts })
const RANGE = 'is not below 1000000000000000000000000 in magnitude'
const NOT_A_NUMBER = 'is not a number'

const UNADOPTABLE = [
  ['a balance of 34 digits', account({ balance: new Decimal128('9'.repeat(34)) }), RANGE],
  ['a balance of 10^24', account({ balance: new Decimal128('1E+24') }), RANGE],
  ['a debt of 10^24', account({ balance: new Decimal128('-1E+24') }), RANGE],
  ['a balance of 10^25 as a double', account({ balance: 1e25 }), RANGE],
  ['the largest double', account({ balance: Number.MAX_VALUE }), 'is not an exact amount'],
  ['the largest Decimal128', account({ balance: new Decimal128('9.99E+6144') }), RANGE],
  ['an amount of 10^24', transfer({ amount: new Decimal128('1E+24') }), 'is not below 1'],
  [
    'a timestamp',
    account({ balance: new Timestamp({ t: 5, i: 1 }) }),
    'balance {"$timestamp":{"t":5,"i":1}} is not a number',
  ],
  ['an ObjectId', transfer({ amount: new ObjectId('6b06'.repeat(6)) }), 'amount {"$oid":"6b06'],
  ['a regular expression', account({ balance: /a/ }), '"$regularExpression":{"pattern":"a"'],
  ['an id that is a regular expression', account({ account_id: /a/ }), '"pattern":"a"'],
  ['bytes', account({ balance: new Binary(Buffer.from('abc')) }), '"base64":"YWJj"'],
  [
    'a literal in a literal',
    account({ balance: { $numberDecimal: { $numberDecimal: 5 } } }),
    NOT_A_NUMBER,
  ],
  [
    'an id that only a reversal may have',
    transfer({ transfer_id: 'TR1:reversal', from_account: 'B', to_account: 'A' }),
    'transfer id "TR1:reversal" is not free',
  ],
] as const

describe('a document of a notebook', () => {
  test.each(UNADOPTABLE)('is logged, and not adopted: %s', async (_what, document, problem) => {
    await pay('TR1', 100)
    const collection = 'transfer_id' in document ? transfers : accounts
    await collection.insertOne({ ...document })
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await expect(up()).rejects.toThrow(InputError)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain(problem)
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
    expect(await collectionNames()).not.toContain('notebook_accounts')
    await up({ skipUnadoptable: true })
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 1 })
    expect(await verify(connection)).not.toHaveProperty('violation')
    await down()
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
  })

  test.each([
    ['an opening balance', new Decimal128('9E+23'), [['A', 'B']]],
    [
      'a balance on the way',
      0,
      [
        ['B', 'A'],
        ['A', 'B'],
      ],
    ],
    [
      'a sum',
      0,
      [
        ['A', 'B'],
        ['A', 'B'],
      ],
    ],
  ] as const)(
    'is logged, and cannot be left behind: %s out of range',
    async (_what, balance, pairs) => {
      await accounts.updateMany({}, { $set: { balance } })
      if (balance === 0) await accounts.updateOne({ account_id: 'A' }, { $set: { balance: 9e23 } })
      for (const [index, [from_account, to_account]] of pairs.entries()) {
        const amount = new Decimal128('9E+23')
        await transfers.insertOne({ transfer_id: `T${index}`, from_account, to_account, amount })
      }
      const before = await bytesOf(connection, ['accounts', 'transfers'])
      await expect(up({ skipUnadoptable: true })).rejects.toThrow('sums that are out of range')
      expect(logged.join()).toContain('is not below 1000000000000000000000000 in magnitude')
      expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
    },
  )

  test.each([
    ['a long', Long.fromString('9007199254740993'), '9007199254740993.00'],
    ['a Decimal128', new Decimal128('5.25'), '5.25'],
  ])('is adopted with %s in a literal sub-document', async (_what, held, expected) => {
    await accounts.insertOne(account({ balance: { $numberDecimal: held } }))
    await up()
    expect((await Account.findById('C').orFail()).toJSON()).toMatchObject({ balance: expected })
  })
})
