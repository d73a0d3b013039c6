import mongoose from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { BatchConflictError, InputError, mark, verify } from '../../src/index.ts'
import { adoptNotebook } from '../../src/notebook/adoption.ts'
import { restoreNotebook } from '../../src/notebook/restoration.ts'
import { ADOPTION, folder, useAdoption } from '../support/adoption.ts'
import { breakOffEverywhere } from '../support/break-off.ts'
import { bytesOf, notebookTransfer } from '../support/notebook.ts'

const { Decimal128, ObjectId } = mongoose.Types
const { BSON, Binary, Long, Timestamp } = mongoose.mongo

const { connection, Account, accounts, transfers, uri, told, up, down, parameters } = useAdoption()

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

const namesOf = async () => (await connection.listCollections()).map(({ name }) => name).toSorted()

/** Does work while the server holds back one command of an adoption, or of a bringing back: the one after `skip` others. */
async function during(
  { command, skip = 0 }: { command: string; skip?: number },
  { run, until, work }: Record<'run' | 'until' | 'work', () => Promise<unknown>>,
): Promise<unknown> {
  const client = connection.getClient()
  const { appName } = client.options
  await client.db('admin').command({
    configureFailPoint: 'failCommand',
    mode: skip === 0 ? { times: 1 } : { skip },
    data: { failCommands: [command], blockConnection: true, blockTimeMS: 1_500, appName },
  })
  try {
    const running = run().catch((error: unknown) => error)
    await expect.poll(until, { interval: 20, timeout: 20_000 }).toBeTruthy()
    await work()
    return await running
  } finally {
    await client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' })
  }
}

describe('a notebook whose program goes on writing', () => {
  const isRecorded = () => batches.findOne()
  const isSetAside = async () => (await namesOf()).includes('notebook_transfers')

  test('is brought back with what was written before it was set aside', async () => {
    await pay('TR1', 5)
    const error = await during(
      { command: 'renameCollection' },
      { run: up, until: isRecorded, work: () => pay('TR2', 7) },
    )
    expect(error).toBeInstanceOf(InputError)
    expect(error).toMatchObject({ message: expect.stringContaining('stop its program') })
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR2'])
    expect(await accounts.findOne({ account_id: 'A' })).toMatchObject({ balance: 988 })
    expect(await namesOf()).not.toContain('notebook_transfers')
    await up()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 2 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is brought back where only an account was written to', async () => {
    const error = await during(
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

  test('is brought back with what was written to its old place before validators kept it from that', async () => {
    await pay('TR1', 5)
    const work = async () => {
      await transfers.insertOne({ ...payment })
      await accounts.insertOne({ account_id: 'NEW', balance: 1 })
    }
    const error = await during({ command: 'create', skip: 2 }, { run: up, until: isSetAside, work })
    expect(error).toBeInstanceOf(InputError)
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR9'])
    expect(await accounts.distinct('account_id')).toEqual(['A', 'B', 'NEW'])
    expect(await batches.countDocuments()).toBe(0)
    expect(await namesOf()).not.toContain('notebook_accounts')
  })

  test('is not adopted for ever where it grows while it is adopted', async () => {
    await pay('TR1', 5)
    const heldBack = async () => {
      const failPoint = 'failpoint.failCommand'
      const admin = connection.getClient().db('admin')
      const answer = await admin.command({ getParameter: 1, [failPoint]: 1 })
      return answer[failPoint].timesEntered as number
    }
    const before = await heldBack()
    const isOpening = async () => (await heldBack()) > before
    const kept = connection.collection('notebook_transfers')
    const error = await during(
      { command: 'insert' },
      { run: up, until: isOpening, work: () => kept.insertOne({ ...payment }) },
    )
    expect(error).toBeInstanceOf(BatchConflictError)
    expect(error).toMatchObject({ message: expect.stringContaining('more documents in notebook_') })
    await down()
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR9'])
  })

  test('loses nothing of what it wrote past the validators', async () => {
    await pay('TR1', 5)
    await up()
    await transfers.insertOne({ ...payment }, { bypassDocumentValidation: true })
    await accounts.insertOne({ account_id: 'NEW' }, { bypassDocumentValidation: true })
    await down()
    expect(await transfers.distinct('transfer_id')).toEqual(['TR1', 'TR9'])
    expect(await accounts.distinct('account_id')).toEqual(['A', 'B', 'NEW'])
  })
})

describe('what only looks like a notebook that was set aside', () => {
  test.each([['accounts'], ['transfers'], ['accounts', 'transfers']])(
    'is refused, and stays: a copy of %s %s',
    async (...copied) => {
      await pay('TR1', 5)
      for (const name of copied) {
        const into = connection.collection(name).aggregate([{ $out: `notebook_${name}` }])
        await into.toArray()
      }
      await pay('TR2', 7)
      const names = await namesOf()
      const before = await bytesOf(connection, names)
      await expect(up()).rejects.toThrow(/collection notebook_\w+ that no adoption has made/)
      await down()
      expect(told[0]).toBe(`notebook_${copied[0]} is left alone: no adoption has made it`)
      expect(await bytesOf(connection, names)).toEqual(before)
    },
  )

  test('is no adoption: a batch of the same name', async () => {
    await pay('TR1', 5)
    await batches.insertOne({ _id: 'notebook' as never, mine: 1 })
    await expect(up()).rejects.toThrow('batches has a document notebook that no adoption has made')
    await down()
    expect(await transfers.countDocuments()).toBe(1)
    expect(await batches.countDocuments()).toBe(1)
  })
})

describe('what is not a notebook alone', () => {
  test.each([false, true])(
    'is refused: transfers of the notebook beside accounts of Daybook (skipUnadoptable: %s)',
    async (skipUnadoptable) => {
      await accounts.drop()
      await up()
      await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
      await transfers.insertOne({ ...payment }, { bypassDocumentValidation: true })
      await mark(connection, ADOPTION, { folder, as: 'pending' })
      await expect(up({ skipUnadoptable })).rejects.toThrow(
        'documents of the notebook and of Daybook (in transfers and in accounts)',
      )
      expect(await namesOf()).not.toContain('notebook_accounts')
      expect(await Account.countDocuments()).toBe(1)
    },
  )

  test('is refused: a view', async () => {
    await connection.createCollection('people', {})
    await connection.collection('people').insertOne({ account_id: 'A', balance: 1 })
    await accounts.drop()
    await connection.createCollection('accounts', { viewOn: 'people', pipeline: [] })
    const names = await namesOf()
    await expect(up()).rejects.toThrow('accounts is a view, which cannot be set aside')
    expect((await namesOf()).filter((name) => !name.startsWith('migration'))).toEqual(names)
  })
})

describe('a bringing back that was broken off', () => {
  test('is to be finished first', async () => {
    await pay('TR1', 5)
    await up()
    await Account.transfer({ from: 'A', to: 'B', amount: '1' })
    const error = await during(
      { command: 'renameCollection' },
      {
        run: down,
        until: () =>
          connection.collection('notebook_transfers').findOne({ daybook: { $exists: true } }),
        work: async () => {
          await expect(adoptNotebook(parameters())).rejects.toThrow(
            'is half taken back: finish that first, with daybook migrate down',
          )
        },
      },
    )
    expect(error).toEqual(['0002-create-collections', ADOPTION])
  })
})

describe('a database user without the role dbAdmin', () => {
  test('can adopt a notebook all the same', async () => {
    await pay('TR1', 5)
    const client = connection.getClient()
    const failPoint = { configureFailPoint: 'failCommand' }
    const data = { failCommands: ['collMod'], errorCode: 13, appName: client.options.appName }
    await client.db('admin').command({ ...failPoint, mode: 'alwaysOn', data })
    try {
      expect(await up()).toEqual([ADOPTION, '0002-create-collections'])
      await expect(down()).rejects.toThrow(
        'may not change the validator of accounts: give it the role dbAdmin',
      )
    } finally {
      await client.db('admin').command({ ...failPoint, mode: 'off' })
    }
    await down()
    expect(await transfers.countDocuments()).toBe(1)
  })
})

describe('an adoption on a connection that reads from secondaries', () => {
  test('reads from the primary: a secondary may not have heard of all', async () => {
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

const open = async (accountId: string, openingBalance = '77') =>
  await Account.open({ accountId, holder: `Holder ${accountId}`, currency: 'USD', openingBalance })

describe('bringing a notebook back', () => {
  test('says which unique index what came since does not fit, and loses nothing', async () => {
    await accounts.updateMany({}, [{ $set: { iban: { $concat: ['X', '$account_id'] } } }])
    await accounts.createIndex({ iban: 1 }, { unique: true })
    await up()
    await open('N1')
    await open('N2')
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await expect(down()).rejects.toThrow(
      'do not fit the unique index iban_1 of notebook_accounts: nothing is taken back yet',
    )
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
    await connection.collection('notebook_accounts').dropIndex('iban_1')
    await down()
    expect(await accounts.distinct('account_id')).toEqual(['A', 'B', 'N1', 'N2'])
  })

  describe('whose ids are those of accounts and transfers since', () => {
    beforeEach(async () => {
      await accounts.insertOne({ _id: '1' as never, account_id: 'C', balance: 5 })
      await transfers.insertOne({ _id: '1' as never, ...payment })
      await up()
      await open('1')
      await Account.transfer({ transferId: '1', from: '1', to: 'A', amount: '7' })
      await Account.transfer({ transferId: '2', from: 'A', to: '1', amount: '2' })
    })

    const expectAll = async () => {
      const numbers = await accounts.find().sort({ account_id: 1 }).toArray()
      expect(numbers.map(({ account_id: number }) => number)).toEqual(['1', 'A', 'B', 'C'])
      expect(numbers[0]).toMatchObject({
        account_holder: 'Holder 1',
        balance: new Decimal128('72.00'),
        transfers_complete: ['1', '2'],
      })
      expect(numbers[3]).toMatchObject({ _id: '1', balance: 5 })
      expect(await transfers.find().sort({ $natural: 1 }).toArray()).toMatchObject([
        { _id: '1', transfer_id: 'TR9', amount: 5 },
        { transfer_id: '1', amount: new Decimal128('7.00') },
        { transfer_id: '2', amount: new Decimal128('2.00') },
      ])
    }

    test('adds them beside', async () => {
      await down()
      await expectAll()
      await up()
      expect(await verify(connection)).toMatchObject({ accounts: 4, transfers: 3 })
      await down()
      await expectAll()
    })

    test('adds them once, wherever it was broken off', async () => {
      expect(
        await breakOffEverywhere(connection, () => restoreNotebook(parameters())),
      ).toBeGreaterThan(3)
      await expectAll()
    })
  })

  test('leaves as it is what was left behind, and adds what was opened under its number', async () => {
    const left = [
      { account_id: 'C', balance: 'many', transfers_complete: [] },
      { account_id: 'D', balance: 5, transfers_complete: [] },
      { account_id: 'D', balance: 6, transfers_complete: [] },
    ]
    await accounts.insertMany(left)
    await transfers.insertOne({ ...payment, amount: 'much' })
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await up({ skipUnadoptable: true })
    await open('C')
    await open('D')
    await Account.transfer({ transferId: 'TR9', from: 'C', to: 'D', amount: '7' })
    await breakOffEverywhere(connection, () => restoreNotebook(parameters()))
    const after = await bytesOf(connection, ['accounts', 'transfers'])
    expect(after['accounts']?.slice(0, 5)).toEqual(before['accounts'])
    expect(after['transfers']?.slice(0, 1)).toEqual(before['transfers'])
    const added = await accounts.find({ daybook: { $exists: true } }).toArray()
    expect(added).toMatchObject([
      { account_id: 'C', balance: new Decimal128('70.00'), transfers_complete: ['TR9'] },
      { account_id: 'D', balance: new Decimal128('84.00'), transfers_complete: ['TR9'] },
    ])
    expect(await transfers.countDocuments()).toBe(2)
  })

  test('adds what came in another batch once, however often it comes and goes', async () => {
    await up()
    const stored = await Account.transfer({ from: 'A', to: 'B', amount: '1' })
    const ledger = connection.collection('transfers')
    await ledger.updateOne({ _id: stored._id as never }, { $set: { batch: 'march.csv' } })
    await down()
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await up()
    await down()
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
  })

  test('looks for room in the lists of accounts before it changes anything', async () => {
    const document = { account_id: 'FULL', balance: 5, transfers_complete: [] as string[] }
    const list = Array.from({ length: 16_000 }, (_, index) => `${index}`.padEnd(1_000))
    document.transfers_complete = list
    const _id = new ObjectId()
    const spare = 16 * 1024 * 1024 - BSON.calculateObjectSize({ _id, ...document }) - 2_000
    list.push(''.padEnd(spare))
    await accounts.insertOne({ _id, ...document })
    await up()
    const ids = Array.from({ length: 9 }, (_, index) => `${index}`.padEnd(100, 'x'))
    for (const transferId of ids) {
      await Account.transfer({ transferId, from: 'A', to: 'FULL', amount: '1' })
    }
    const before = await bytesOf(connection, await namesOf())
    await expect(restoreNotebook(parameters())).rejects.toThrow(
      "document of account FULL has no room in MongoDB's 16 MB",
    )
    expect(await bytesOf(connection, await namesOf())).toEqual(before)
    const kept = connection.collection('notebook_accounts')
    await kept.updateOne({ _id }, { $pop: { transfers_complete: 1 } })
    await breakOffEverywhere(connection, () => restoreNotebook(parameters()))
    const full = await accounts.findOne({ _id })
    expect(full?.['transfers_complete'].slice(-9)).toEqual(ids)
  })
})

const since = {
  balance: new Decimal128('5.00'),
  currency: 'USD',
  status: 'open',
  overdraftLimit: new Decimal128('0.00'),
  createdAt: new Date(0),
  updatedAt: new Date(0),
}
const account = (parts: object) => ({ account_id: 'C', balance: 5, ...parts })
const transfer = (parts: object) => ({ ...payment, ...parts })
const RANGE = 'is not below 1000000000000000000000000 in magnitude'
const NOT_OURS = 'which is not what Daybook writes there'
const NO_NUMBER = 'is not a number'
const postedAt = new Date(0)

const UNADOPTABLE = [
  ['a balance of 34 digits', account({ balance: new Decimal128('9'.repeat(34)) }), RANGE],
  ['a balance of 10^24', account({ balance: new Decimal128('1E+24') }), RANGE],
  ['a debt of 10^24', account({ balance: new Decimal128('-1E+24') }), RANGE],
  ['a balance of 10^25 as a double', account({ balance: 1e25 }), RANGE],
  ['the largest double', account({ balance: Number.MAX_VALUE }), 'is no exact amount'],
  ['the largest Decimal128', account({ balance: new Decimal128('9.99E+6144') }), RANGE],
  ['an amount of 10^24', transfer({ amount: new Decimal128('1E+24') }), 'is not below 1'],
  [
    'a timestamp',
    account({ balance: new Timestamp({ t: 5, i: 1 }) }),
    'balance {"$timestamp":{"t":5,"i":1}} is not a number',
  ],
  ['an ObjectId', transfer({ amount: new ObjectId('6b06'.repeat(6)) }), 'amount {"$oid":"6b06'],
  ['a regular expression', account({ balance: /a/ }), '"$regularExpression":{"pattern":"a"'],
  ['a number that is a regular expression', account({ account_id: /a/ }), '"pattern":"a"'],
  ['bytes', account({ balance: new Binary(Buffer.from('abc')) }), '"base64":"YWJj"'],
  [
    'a literal in a literal',
    account({ balance: { $numberDecimal: { $numberDecimal: 5 } } }),
    NO_NUMBER,
  ],
  ['a text for daybook', account({ daybook: 'x' }), NOT_OURS],
  ['a number for daybook', account({ daybook: 5 }), NOT_OURS],
  ['half a daybook', account({ daybook: { currency: 'USD' } }), NOT_OURS],
  [
    'a limit below zero',
    account({ daybook: { ...since, overdraftLimit: new Decimal128('-1') } }),
    NOT_OURS,
  ],
  ['no time', account({ daybook: { ...since, updatedAt: 'today' } }), NOT_OURS],
  ['a transfer without a time', transfer({ daybook: {} }), NOT_OURS],
  ['a reversal of a number', transfer({ daybook: { postedAt, reverses: 3 } }), NOT_OURS],
  ['a reversal of another id', transfer({ daybook: { postedAt, reverses: 'TR1' } }), NOT_OURS],
  ['a batch that is a number', transfer({ daybook: { postedAt, batch: 3 } }), NOT_OURS],
  [
    'a reversal of another amount',
    transfer({
      transfer_id: 'TR1:reversal',
      from_account: 'B',
      to_account: 'A',
      daybook: { postedAt, reverses: 'TR1' },
    }),
    'names a transfer that it does not reverse',
  ],
  [
    'a reversal of none',
    transfer({ transfer_id: 'X:reversal', daybook: { postedAt, reverses: 'X' } }),
    'names a transfer that it does not reverse',
  ],
] as const

describe('a document of a notebook', () => {
  test.each(UNADOPTABLE)('is told, and not adopted: %s', async (_what, document, problem) => {
    await pay('TR1', 100)
    const collection = 'transfer_id' in document ? transfers : accounts
    await collection.insertOne({ ...document })
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await expect(up()).rejects.toThrow(InputError)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(problem)
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
    expect(await namesOf()).not.toContain('notebook_accounts')
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
  ] as const)('is told, and never left behind: %s out of range', async (_what, balance, pairs) => {
    await accounts.updateMany({}, { $set: { balance } })
    if (balance === 0) await accounts.updateOne({ account_id: 'A' }, { $set: { balance: 9e23 } })
    for (const [index, [from_account, to_account]] of pairs.entries()) {
      const amount = new Decimal128('9E+23')
      await transfers.insertOne({ transfer_id: `T${index}`, from_account, to_account, amount })
    }
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await expect(up({ skipUnadoptable: true })).rejects.toThrow('sums that are out of range')
    expect(told.join()).toContain('is not below 1000000000000000000000000 in magnitude')
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
  })

  test.each([
    ['a long', Long.fromString('9007199254740993'), '9007199254740993.00'],
    ['a Decimal128', new Decimal128('5.25'), '5.25'],
  ])('is adopted with a literal sub-document that holds %s', async (_what, held, expected) => {
    await accounts.insertOne(account({ balance: { $numberDecimal: held } }))
    await up()
    expect((await Account.findById('C').orFail()).toJSON()).toMatchObject({ balance: expected })
  })
})

describe('an account that came back from Daybook', () => {
  test('keeps its limit while the notebook does not lend it more', async () => {
    await up()
    await Account.transfer({ from: 'A', to: 'B', amount: '10' })
    await down()
    await pay('TR2', 5000)
    await up()
    const debtor = await Account.findById('A').orFail()
    expect(debtor.toJSON()).toMatchObject({ balance: '-4010.00', overdraftLimit: '4010.00' })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is open again where the notebook gave money to a closed one', async () => {
    await up()
    await Account.open({ accountId: 'C', holder: 'Cid', currency: 'USD' })
    await Account.close('C')
    await down()
    await notebookTransfer(connection, { id: 'TR2', from: 'A', to: 'C', amount: 7 })
    await up()
    const reopened = await Account.findById('C').orFail()
    expect(reopened.toJSON()).toMatchObject({ balance: '7.00', status: 'open' })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})
