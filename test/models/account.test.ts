import { Schema } from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { Decimal, Decimal128, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const booksBalance = async () => expect(await verify(connection)).not.toHaveProperty('violation')

describe('Account.open', () => {
  const request = {
    accountId: 'A',
    holder: 'Ada',
    currency: 'USD',
    openingBalance: '12.5',
    overdraftLimit: '100',
  }

  test('opens an account with exact money', async () => {
    const account = await Account.open(request)
    expect(account.toJSON()).toMatchObject({
      _id: 'A',
      holder: 'Ada',
      currency: 'USD',
      status: 'open',
      balance: '12.50',
      openingBalance: '12.50',
      overdraftLimit: '100.00',
      transferCount: 0,
    })
    expect(account.isOpen()).toBe(true)
    await booksBalance()
  })

  test('returns the existing account for the same request', async () => {
    await Account.open(request)
    await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
    await Account.transfer({ from: 'A', to: 'B', amount: '2.50' })
    const again = await Promise.all(Array.from({ length: 5 }, () => Account.open(request)))
    for (const account of again) expect(account.balance).toEqual(new Decimal(10))
  })

  test('joins the caller’s transaction', async () => {
    const failed = new Error('the caller fails')
    await expect(
      connection.transaction(async (session) => {
        await Account.open(request, { session })
        await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' }, { session })
        await Account.transfer({ from: 'A', to: 'B', amount: '2.50' }, { session })
        throw failed
      }),
    ).rejects.toBe(failed)
    expect(await Account.countDocuments()).toBe(0)
    await expect(Account.transfer({ from: 'A', to: 'B', amount: '2.50' })).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_FOUND',
    })
  })

  test('refuses the same number for a different account, and names what differs', async () => {
    await Account.open(request)
    await expect(
      Account.open({ ...request, holder: 'Eve', openingBalance: '13' }),
    ).rejects.toMatchObject({ code: 'ACCOUNT_CONFLICT', fields: ['holder', 'openingBalance'] })
  })

  test.each([
    ['INVALID_ACCOUNT_ID', { accountId: { $gt: '' } }],
    ['INVALID_HOLDER', { holder: '' }],
    ['INVALID_CURRENCY', { currency: 'usd' }],
    ['INVALID_CURRENCY', { currency: 'ABC' }],
    ['INVALID_AMOUNT', { openingBalance: '0.001' }],
    ['INVALID_AMOUNT', { openingBalance: 'NaN' }],
    ['INVALID_AMOUNT', { openingBalance: '-100.01' }],
    ['INVALID_AMOUNT', { overdraftLimit: '-1' }],
    ['INVALID_AMOUNT', { overdraftLimit: 0.5 }],
  ])('refuses with %s: %o', async (code, change) => {
    await expect(Account.open({ ...request, ...(change as object) })).rejects.toMatchObject({
      code,
    })
    expect(await Account.countDocuments()).toBe(0)
  })
})

describe('an existing account', () => {
  beforeEach(async () => {
    for (const accountId of ['A', 'B']) {
      await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance: '100' })
    }
  })

  test('neither sends nor receives while it is frozen', async () => {
    expect(await Account.freeze('A')).toMatchObject({ status: 'frozen' })
    expect(await Account.freeze('A')).toMatchObject({ status: 'frozen' })
    for (const [from, to] of [
      ['A', 'B'],
      ['B', 'A'],
    ] as const) {
      await expect(Account.transfer({ from, to, amount: '1' })).rejects.toMatchObject({
        code: 'ACCOUNT_NOT_OPEN',
        accountId: 'A',
        status: 'frozen',
      })
    }
    expect(await Account.unfreeze('A')).toMatchObject({ status: 'open' })
    await Account.transfer({ from: 'A', to: 'B', amount: '1' })
    await booksBalance()
  })

  test.each([
    ['freezing', () => Account.freeze('A')],
    ['unfreezing', () => Account.unfreeze('A')],
    ['a limit', () => Account.setOverdraftLimit('A', '5.0')],
    ['closing', () => Account.close('A', { payOutTo: 'B' })],
  ])('does not change when %s is repeated, not even its updatedAt', async (_what, change) => {
    await change()
    const after = await connection.collection('accounts').find().toArray()
    await change()
    expect(await connection.collection('accounts').find().toArray()).toEqual(after)
  })

  test.each([
    ['freezing', () => Account.freeze('A')],
    ['unfreezing', () => Account.unfreeze('A')],
    ['a limit', () => Account.setOverdraftLimit('A', '5')],
    ['closing', () => Account.close('A', { payOutTo: 'B' })],
  ])('is not written when %s is repeated', async (_description, change) => {
    await change()
    const accounts = await Account.find().lean()
    await change()
    expect(await Account.find().lean()).toEqual(accounts)
  })

  test('can be closed at a balance of zero, and stays closed', async () => {
    await expect(Account.close('A')).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_EMPTY',
      balance: new Decimal(100),
    })
    await Account.transfer({ from: 'A', to: 'B', amount: '100' })
    expect(await Account.close('A')).toMatchObject({ status: 'closed' })
    expect(await Account.close('A')).toMatchObject({ status: 'closed' })
    for (const change of [
      () => Account.freeze('A'),
      () => Account.unfreeze('A'),
      () => Account.setOverdraftLimit('A', '5'),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'ACCOUNT_NOT_OPEN', status: 'closed' })
    }
    await booksBalance()
  })

  test('is paid out and closed in one transaction', async () => {
    expect(await Account.close('A', { payOutTo: 'B' })).toMatchObject({
      status: 'closed',
      balance: new Decimal(0),
    })
    expect((await Account.findById('B').orFail()).balance).toEqual(new Decimal(200))
    await booksBalance()
  })

  test.each([
    ['that does not exist', 'NOBODY', 'ACCOUNT_NOT_FOUND'],
    ['that is the same one', 'A', 'SAME_ACCOUNT'],
    ['whose number is not a text', { $ne: 1 }, 'INVALID_ACCOUNT_ID'],
  ])(
    'is not closed, even at zero, if it is to be paid out to an account %s',
    async (_description, payOutTo, code) => {
      await Account.close('B', { payOutTo: 'A' })
      await Account.open({ accountId: 'C', holder: 'Cy', currency: 'USD' })
      const accountId = code === 'SAME_ACCOUNT' ? 'A' : 'C'
      await expect(
        Account.close(accountId, { payOutTo: payOutTo as string }),
      ).rejects.toMatchObject({
        code,
      })
      expect(await Account.findById(accountId).orFail()).toMatchObject({ status: 'open' })
    },
  )

  test('stays open if its money cannot be paid out', async () => {
    await Account.freeze('B')
    await expect(Account.close('A', { payOutTo: 'B' })).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_OPEN',
      accountId: 'B',
    })
    expect(await Account.findById('A')).toMatchObject({ status: 'open', balance: new Decimal(100) })
  })

  test('can pay down to its overdraft limit, which can be raised and lowered', async () => {
    await Account.setOverdraftLimit('A', '50')
    await Account.transfer({ from: 'A', to: 'B', amount: '150' })
    expect(await Account.setOverdraftLimit('A', 10)).toMatchObject({
      overdraftLimit: new Decimal(10),
      balance: new Decimal(-50),
    })
    await booksBalance()
    await expect(Account.transfer({ from: 'A', to: 'B', amount: '1' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
    })
    await expect(Account.setOverdraftLimit('A', '-1')).rejects.toMatchObject({
      code: 'INVALID_AMOUNT',
    })
    await Account.transfer({ from: 'B', to: 'A', amount: '45' })
    await Account.transfer({ from: 'A', to: 'B', amount: '5' })
    await booksBalance()
  })

  test('joins the caller’s transaction', async () => {
    const changedMind = new Error('the caller changes its mind')
    await expect(
      connection.transaction(async (session) => {
        await Account.close('A', { payOutTo: 'B', session })
        await Account.freeze('B', { session })
        await Account.setOverdraftLimit('B', '7', { session })
        throw changedMind
      }),
    ).rejects.toBe(changedMind)
    expect(await Account.find().sort({ _id: 1 })).toMatchObject([
      { status: 'open', overdraftLimit: new Decimal(0) },
      { status: 'open', overdraftLimit: new Decimal(0) },
    ])
  })

  test.each([
    ['an unknown id', 'NOBODY', 'ACCOUNT_NOT_FOUND'],
    ['an operator object as id', { $ne: null }, 'INVALID_ACCOUNT_ID'],
  ])('cannot be changed with %s', async (_description, accountId, code) => {
    const id = accountId as string
    for (const change of [
      () => Account.freeze(id),
      () => Account.unfreeze(id),
      () => Account.close(id),
      () => Account.setOverdraftLimit(id, '5'),
    ]) {
      await expect(change()).rejects.toMatchObject({ code })
    }
  })

  test('refuses the transfers after it was frozen, even among concurrent ones', async () => {
    await Account.setOverdraftLimit('A', '1000000')
    const transfers = Array.from({ length: 300 }, async (_, index) => {
      if (index === 100) return await Account.freeze('A')
      return await Account.transfer({ transferId: `T${index}`, from: 'A', to: 'B', amount: '1' })
    })
    const results = await Promise.allSettled(transfers)
    const account = await Account.findById('A').orFail()
    const posted = results.filter(({ status }) => status === 'fulfilled').length - 1
    expect(account).toMatchObject({ status: 'frozen', transferCount: posted })
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({ code: 'ACCOUNT_NOT_OPEN' })
      }
    }
    await booksBalance()
  })
})

describe('a new account made without Account.open', () => {
  test('gets default values, and starts at its opening balance', async () => {
    const account = await Account.create({
      _id: 'A',
      holder: 'Ada',
      currency: 'USD',
      openingBalance: '5',
    } as never)
    expect(account.toJSON()).toMatchObject({ balance: '5.00', status: 'open', transferCount: 0 })
    await booksBalance()
  })

  test.each([
    ['another balance than its opening balance', { balance: '6' }],
    ['another status than open', { status: 'closed' }],
    ['transfers', { transferCount: 1 }],
    ['an unknown currency', { currency: 'usd' }],
    ['more decimals than its currency', { openingBalance: '0.001' }],
    ['NaN', { openingBalance: 'NaN' }],
    ['a JS number that may be inexact', { openingBalance: 2 ** 60 }],
    ['an exponent', { openingBalance: '1e3' }],
  ])('is refused with %s', async (_description, change) => {
    const document = { _id: 'A', holder: 'Ada', currency: 'USD', openingBalance: '5', ...change }
    await expect(Account.create(document as never)).rejects.toThrow()
    await expect(Account.insertMany([document as never])).rejects.toThrow()
    expect(await Account.countDocuments()).toBe(0)
  })
})

describe('Account.insertMany', () => {
  const rich = {
    _id: 'E',
    holder: 'Eve',
    currency: 'USD',
    status: 'open',
    balance: Decimal128.fromString('1000000.00'),
    openingBalance: Decimal128.fromString('5.00'),
    overdraftLimit: Decimal128.fromString('0.00'),
    transferCount: 0,
    transfersComplete: [],
    createdAt: new Date(),
    updatedAt: new Date(),
  }

  test.each([
    ['lean objects', () => Account.insertMany([rich], { lean: true })],
    ['documents of existing accounts', () => Account.insertMany([Account.hydrate(rich)])],
    ['plain objects', () => Account.insertMany([rich])],
    ['a single object', () => Account.insertMany(rich as never, { lean: true } as never)],
  ])('refuses a balance that nobody paid in: %s', async (_description, insert) => {
    await expect(insert()).rejects.toMatchObject({ code: 'PROTECTED_FIELD' })
    expect(await Account.countDocuments()).toBe(0)
  })

  test('starts accounts at their opening balance', async () => {
    const balance = rich.openingBalance
    await Account.insertMany([{ ...rich, balance }], { lean: true })
    await Account.insertMany([{ _id: 'F', holder: 'Fay', currency: 'USD' } as never])
    expect(await Account.countDocuments()).toBe(2)
    await booksBalance()
  })
})

describe('the holder of an account', () => {
  beforeEach(async () => {
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
  })

  test.each(['', ' ', 'a\nb', 'x'.repeat(257)])('cannot be %j', async (holder) => {
    await expect(Account.open({ holder, currency: 'USD' })).rejects.toMatchObject({
      code: 'INVALID_HOLDER',
    })
    const account = await Account.findById('A').orFail()
    account.holder = holder
    await expect(account.save()).rejects.toThrow('holder')
    await expect(Account.updateOne({ _id: 'A' }, { holder })).rejects.toThrow('holder')
  })

  test.each(['नमस्ते\u200Dक', 'می\u200Cخواهم', '👨\u200D👩\u200D👧'])('can be %s', async (holder) => {
    await Account.open({ accountId: 'B', holder, currency: 'USD' })
    await Account.transferMany([{ from: 'A', to: 'B', amount: '1', reference: holder }])
    expect(await Account.findById('B').orFail()).toMatchObject({ holder })
    await expect(
      Account.open({ accountId: holder, holder, currency: 'USD' }),
    ).rejects.toMatchObject({ code: 'INVALID_ACCOUNT_ID' })
  })
})

describe('a new account that is saved twice, or without validation', () => {
  const rich = { holder: 'Eve', currency: 'USD', balance: '1000000', openingBalance: '0' }

  test('cannot have a balance that nobody paid in', async () => {
    const account = new Account({ _id: 'E', ...rich, balance: '0', openingBalance: 'abc' } as never)
    await expect(account.save()).rejects.toThrow('openingBalance')
    account.set({ ...rich, overdraftLimit: '0', status: 'open' })
    await expect(account.save()).rejects.toMatchObject({ code: 'PROTECTED_FIELD' })
    const bare = new Account({ _id: 'E', ...rich } as never)
    await expect(bare.save({ validateBeforeSave: false })).rejects.toMatchObject({
      code: 'PROTECTED_FIELD',
    })
    expect(await Account.countDocuments()).toBe(0)
  })
})

describe('protected fields', () => {
  const fields = [
    'balance',
    'transferCount',
    'transfersComplete',
    'openingBalance',
    'currency',
    'status',
    'overdraftLimit',
    'updatedAt',
  ]
  const values: Record<string, unknown> = {
    transfersComplete: [],
    currency: 'EUR',
    status: 'closed',
    updatedAt: new Date(0),
  }

  beforeEach(async () => {
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  })

  const writes: [operation: string, write: (field: string, value: unknown) => Promise<unknown>][] =
    [
      [
        'save',
        async (field) => {
          const account = await Account.findById('A').orFail()
          account.set(field, field === 'transfersComplete' ? ['T'] : (values[field] ?? '7'))
          await account.save({ validateBeforeSave: false })
        },
      ],
      ['updateOne', (field, value) => Account.updateOne({ _id: 'A' }, { [field]: value })],
      [
        'updateOne $set',
        (field, value) => Account.updateOne({ _id: 'A' }, { $set: { [field]: value } }),
      ],
      ['updateOne $unset', (field) => Account.updateOne({ _id: 'A' }, { $unset: { [field]: 1 } })],
      [
        'updateOne $rename',
        (field) => Account.updateOne({ _id: 'A' }, { $rename: { holder: field } }),
      ],
      [
        'updateOne pipeline',
        (field, value) =>
          Account.updateOne({ _id: 'A' }, [{ $set: { [field]: value } }], { updatePipeline: true }),
      ],
      ['updateMany', (field, value) => Account.updateMany({}, { [field]: value })],
      ['findOneAndUpdate', (field, value) => Account.findOneAndUpdate({}, { [field]: value })],
      ['findByIdAndUpdate', (field, value) => Account.findByIdAndUpdate('A', { [field]: value })],
      ['findOneAndReplace', (field, value) => Account.findOneAndReplace({}, { [field]: value })],
      ['replaceOne', (field, value) => Account.replaceOne({}, { [field]: value })],
      [
        'document updateOne',
        async (field, value) =>
          (await Account.findById('A').orFail()).updateOne({ [field]: value }),
      ],
      [
        'bulkWrite',
        (field, value) =>
          Account.bulkWrite([{ updateOne: { filter: {}, update: { [field]: value } } }] as never),
      ],
      [
        'upsert',
        (field, value) =>
          Account.updateOne({ _id: 'N', [field]: value }, { holder: 'x' }, { upsert: true }),
      ],
      [
        'bulkWrite upsert',
        (field, value) =>
          Account.bulkWrite([
            { updateOne: { filter: { [field]: value }, update: { holder: 'x' }, upsert: true } },
          ] as never),
      ],
      ['deleteOne', () => Account.deleteOne({ _id: 'A' })],
      ['deleteMany', () => Account.deleteMany({})],
      ['findByIdAndDelete', () => Account.findByIdAndDelete('A')],
      ['document deleteOne', async () => (await Account.findById('A').orFail()).deleteOne()],
      [
        'bulkWrite deleteOne',
        () => Account.bulkWrite([{ deleteOne: { filter: { _id: 'A' } } }] as never),
      ],
      [
        'bulkWrite replaceOne',
        () => Account.bulkWrite([{ replaceOne: { filter: {}, replacement: {} } }] as never),
      ],
    ]

  test.each(writes)('cannot be written by %s', async (_operation, write) => {
    const before = await Account.find().lean()
    for (const field of fields) {
      await expect(write(field, values[field] ?? '7')).rejects.toMatchObject({
        code: 'PROTECTED_FIELD',
      })
    }
    expect(await Account.find().lean()).toEqual(before)
  })

  test.each<[string, () => Promise<unknown>]>([
    ['deleteOne', () => Account.deleteOne({ _id: 'A' }).exec()],
    ['deleteOne', async () => (await Account.findById('A').orFail()).deleteOne()],
    ['findOneAndDelete', () => Account.findByIdAndDelete('A').exec()],
    ['replaceOne', () => Account.replaceOne({}, { holder: 'x' }).exec()],
    [
      'updateOne with upsert',
      () => Account.updateOne({}, { holder: 'x' }, { upsert: true }).exec(),
    ],
    ['bulkWrite', () => Account.bulkWrite([{ deleteOne: { filter: {} } }])],
    ['insertMany', async () => Account.insertMany(await Account.find())],
    ['aggregate', () => Account.aggregate([{ $out: 'accounts' }]).exec()],
  ])('are kept by a refusal of %s that names it', async (operation, write) => {
    const message = `${operation} is not possible on accounts: open them with Account.open(), change what is yours with updateOne(), and close them with Account.close()`
    await expect(write()).rejects.toMatchObject({ message, operation })
  })

  test('cannot be written by an aggregation', async () => {
    const before = await Account.find().lean()
    const into = { into: 'accounts', whenMatched: 'replace' } as const
    await expect(
      Account.aggregate([{ $set: { transferCount: 7 } }, { $merge: into }]),
    ).rejects.toMatchObject({ code: 'PROTECTED_FIELD' })
    expect(await Account.find().lean()).toEqual(before)
    await Account.aggregate([{ $out: 'report' }])
    expect(await connection.collection('report').countDocuments()).toBe(1)
  })

  const merge = () => {
    // Mongoose runs an aggregation of a connection on the client's own database.
    const into = { db: connection.name, coll: 'accounts' }
    return { $merge: { into, whenMatched: 'merge' } } as const
  }
  const rich = { _id: 'A', balance: Decimal128.fromString('1000000.00') }

  test.each<[string, () => PromiseLike<unknown>]>([
    [
      'another model',
      async () => {
        await connection.collection('reports').insertOne(rich as never)
        const Report = connection.model('Report', new Schema({}, { collection: 'reports' }))
        await Report.aggregate([merge()])
      },
    ],
    ['the connection', () => connection.aggregate([{ $documents: [rich] }, merge() as never])],
  ])('are found by verify after an aggregation of %s has written them', async (_of, write) => {
    await write()
    expect((await Account.findById('A').orFail()).balance.toString()).toBe('1000000')
    expect((await verify(connection)).violation).toMatch(/A/)
  })

  test('do not include the holder', async () => {
    const account = await Account.findById('A').orFail()
    account.holder = 'Ada Lovelace'
    await account.save()
    await Account.updateOne({ _id: 'A' }, { $set: { holder: 'A. Lovelace' } })
    expect(await Account.findById('A')).toMatchObject({ holder: 'A. Lovelace' })
    await booksBalance()
  })
})

describe('a document that was read without its currency', () => {
  test('prints what is available with the currency’s decimals, if virtuals are asked for', async () => {
    await Account.open({ accountId: 'YEN', holder: 'A', currency: 'JPY', openingBalance: 300 })
    await Account.open({ accountId: 'EUR', holder: 'A', currency: 'EUR', openingBalance: 300 })
    const accounts = await Account.find().sort({ _id: 1 })
    const printed = accounts.map((account) => account.toJSON({ virtuals: true }))
    expect(printed).toMatchObject([{ available: '300.00' }, { available: '300' }])
    for (const paths of ['holder', 'balance', 'currency balance overdraftLimit', '-held']) {
      const partly = await Account.findById('EUR', paths).orFail()
      expect(partly.toJSON({ virtuals: true })).not.toHaveProperty('available')
      expect(partly.available).toBeUndefined()
    }
  })

  test('prints money with the currency’s decimals in JSON too', async () => {
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
    const account = await Account.findById('A').select('balance').orFail()
    expect(JSON.parse(JSON.stringify(account))).toEqual({ _id: 'A', balance: '100.00' })
  })
})

test('a filter finds money by text, number, Decimal and Decimal128', async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '93.4' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  for (const balance of ['93.4', '93.40', new Decimal('93.4'), Decimal128.fromString('93.400')]) {
    expect(await Account.find({ balance })).toMatchObject([{ _id: 'A' }])
    expect(await Account.find({ $or: [{ balance: { $in: [balance] } }] })).toHaveLength(1)
    expect(await Account.find({ balance: { $gte: balance } })).toHaveLength(1)
    expect(await Account.find({ balance: { $gt: balance } })).toEqual([])
  }
  expect(await Account.countDocuments({ balance: { $gt: 93, $lt: 94 } })).toBe(1)
})

test.each<[string, () => Promise<unknown>, string]>([
  ['a value', () => Account.find({ balance: 'abc' }).exec(), 'balance "abc" is not a plain'],
  ['a number', () => Account.find({ balance: 0.1 }).exec(), 'balance 0.1 is a JS number that may'],
  ['a list', () => Account.find({ balance: { $in: ['1', '1,5'] } }).exec(), 'balance "1,5" is not'],
  ['an id', () => Transfer.findOne({ _id: 'T', amount: 'x' }).exec(), 'amount "x" is not a plain'],
])('a filter with %s that is not money is a CastError that names it', async (_, find, message) => {
  await expect(find()).rejects.toMatchObject({
    name: 'CastError',
    message: expect.stringContaining(message) as string,
  })
})

test('a document says which of its money is not exact, and why', async () => {
  const account = new Account({ _id: 'A', holder: 'Ada', currency: 'USD', openingBalance: 0.1 })
  await expect(account.save()).rejects.toThrow('openingBalance 0.1 is a JS number that may be inex')
})

describe('populate', () => {
  test('loads the account of a transfer', async () => {
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
    await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
    await Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: '1' })
    const transfer = await Transfer.findById('T').orFail().populate('fromAccount')
    expect(transfer.fromAccount).toMatchObject({ holder: 'Ada' })
  })
})
