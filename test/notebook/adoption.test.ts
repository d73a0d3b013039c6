import { spawn } from 'node:child_process'
import { once } from 'node:events'
import mongoose from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { BatchConflictError, InputError, verify } from '../../src/index.ts'
import { adoptNotebook } from '../../src/notebook/adoption.ts'
import { restoreNotebook } from '../../src/notebook/restoration.ts'
import { ADOPTION, LATER_MIGRATIONS, useAdoption } from '../support/adoption.ts'
import { failAfterWrites, failAtEachWrite } from '../support/fail-writes.ts'
import { bytesOf, notebookTransfer } from '../support/notebook.ts'
import { compiled } from '../support/programs.ts'

const { Decimal128, ObjectId } = mongoose.Types
const { Double, Int32, Long } = mongoose.mongo

const {
  connection,
  Account,
  Transfer,
  accounts,
  transfers,
  uri,
  logged,
  up,
  upAll,
  down,
  parameters,
} = useAdoption()

beforeEach(async () => {
  await accounts.insertMany([
    {
      account_id: 'MDB574189300',
      account_holder: 'Ada',
      account_type: 'checking',
      balance: new Decimal128('1000'),
      transfers_complete: [],
    },
    { account_id: 'MDB343652528', balance: new Int32(50), transfers_complete: [] },
  ])
})

const pay = async (id: string, amount: number) =>
  await notebookTransfer(connection, { id, from: 'MDB574189300', to: 'MDB343652528', amount })
const payBack = async (id: string, amount: number) =>
  await notebookTransfer(connection, { id, from: 'MDB343652528', to: 'MDB574189300', amount })

/** Daybook's accounts and transfers. */
async function books() {
  const read = async (name: string) =>
    await connection.collection(name).find().sort({ _id: 1 }).toArray()
  return { accounts: await read('accounts'), transfers: await read('transfers') }
}

describe('adopting a notebook', () => {
  test('takes over its accounts and transfers as if they had been posted here', async () => {
    await pay('TR218721873', 100)
    await payBack('TR2', 30)
    await pay('TR3', 0.1)
    expect(await upAll()).toEqual([ADOPTION, ...LATER_MIGRATIONS])
    expect(logged[0]).toMatch(
      /^adopted 2 accounts and 3 transfers of a notebook, and left 0 accounts and 0 transfers behind/,
    )
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 3 })
    expect(await verify(connection)).not.toHaveProperty('violation')

    const [payer, receiver] = await Account.find().sort({ holder: -1 })
    expect(payer?.toJSON()).toMatchObject({ _id: 'MDB343652528', holder: 'MDB343652528' })
    expect(receiver?.toJSON()).toMatchObject({
      _id: 'MDB574189300',
      holder: 'Ada',
      currency: 'USD',
      status: 'open',
      balance: '929.90',
      openingBalance: '1000.00',
      overdraftLimit: '0.00',
      transferCount: 3,
      transfersComplete: ['TR218721873', 'TR2', 'TR3'],
    })
    const posted = await Transfer.find().sort({ fromSequence: 1, _id: -1 })
    const document = await connection.collection('notebook_transfers').findOne()
    expect(posted[0]?.toJSON()).toEqual({
      _id: 'TR218721873',
      fromAccount: 'MDB574189300',
      toAccount: 'MDB343652528',
      amount: '100.00',
      currency: 'USD',
      fromBalance: '900.00',
      toBalance: '150.00',
      fromSequence: 1,
      toSequence: 1,
      postedAt: document?._id.getTimestamp(),
      batch: 'notebook',
    })
  })

  test('leaves accounts that send and receive new transfers', async () => {
    await pay('TR1', 100)
    await up()
    await Account.transfer({ from: 'MDB343652528', to: 'MDB574189300', amount: '150' })
    expect(await verify(connection)).not.toHaveProperty('violation')
    await expect(
      Account.transfer({
        transferId: 'TR1',
        from: 'MDB574189300',
        to: 'MDB343652528',
        amount: '1',
      }),
    ).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT' })
  })

  test('reads money of every type exactly', async () => {
    const kinds = [
      ['an int', new Int32(7), '7.00'],
      ['a long', Long.fromString('9007199254740993'), '9007199254740993.00'],
      ['a double', new Double(0.07), '0.07'],
      ['a Decimal128', new Decimal128('7E+1'), '70.00'],
      ['a text', '7.10', '7.10'],
      ['the literal sub-document', { $numberDecimal: 7 }, '7.00'],
      ['the literal sub-document with a text', { $numberDecimal: '7.25' }, '7.25'],
    ] as const
    const to_account = 'MDB343652528'
    for (const [kind, amount] of kinds) {
      await accounts.insertOne({ account_id: kind, balance: amount, transfers_complete: [] })
      await transfers.insertOne({ transfer_id: kind, from_account: kind, to_account, amount })
    }
    await up()
    for (const [kind, , expected] of kinds) {
      const transfer = await Transfer.findById(kind).orFail()
      const account = await Account.findById(kind).orFail()
      expect(transfer.toJSON()).toMatchObject({ amount: expected })
      expect(account.toJSON()).toMatchObject({ balance: expected })
    }
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('lets an overdrawn account keep its debt, but not increase it', async () => {
    await pay('TR1', 1200)
    await up()
    const account = await Account.findById('MDB574189300').orFail()
    expect(account.toJSON()).toMatchObject({ balance: '-200.00', overdraftLimit: '200.00' })
    expect(await verify(connection)).not.toHaveProperty('violation')
    await expect(
      Account.transfer({ from: 'MDB574189300', to: 'MDB343652528', amount: '0.01' }),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
  })

  test('uses the given currency, with its decimals', async () => {
    await pay('TR1', 100)
    await up({ currency: 'JPY' })
    const account = await Account.findById('MDB574189300').orFail()
    expect(account.toJSON()).toMatchObject({ currency: 'JPY', balance: '900' })
  })

  test('keeps the order of insertion, even if the ids are in another order', async () => {
    const ids = ['65a000000000000000000009', '65a000000000000000000001']
    const from_account = 'MDB574189300'
    const to_account = 'MDB343652528'
    for (const [index, id] of ids.entries()) {
      const _id = new ObjectId(id)
      await transfers.insertOne({
        _id,
        transfer_id: `TR${index}`,
        from_account,
        to_account,
        amount: 1,
      })
    }
    await up()
    const posted = await Transfer.find().sort({ fromSequence: 1 })
    expect(posted.map(({ _id }) => _id)).toEqual(['TR0', 'TR1'])
    expect(posted.map(({ fromBalance }) => fromBalance.toString())).toEqual(['1001', '1000'])
  })

  test('opens an account before all of its transfers, even if the ids are in another order', async () => {
    const parties = { from_account: 'MDB574189300', to_account: 'MDB343652528', amount: 1 }
    const _id = new ObjectId('65a000000000000000000001')
    await transfers.insertOne({ _id, transfer_id: 'TR0', ...parties })
    // It has no time of its own, so it counts as one of 1970.
    await transfers.insertOne({ _id: 'imported', transfer_id: 'TR1', ...parties } as object)

    await up()

    expect(await Account.findById('MDB574189300')).toMatchObject({
      createdAt: new Date(0),
      transferCount: 2,
    })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('does nothing in a database without a notebook', async () => {
    await accounts.drop()
    await upAll()
    expect(logged).toEqual([ADOPTION, ...LATER_MIGRATIONS].map((name) => `applied ${name}`))
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
    await down()
    await up()
    expect(await Account.countDocuments()).toBe(1)
  })
})

const transfer = {
  transfer_id: 'TR9',
  from_account: 'MDB574189300',
  to_account: 'MDB343652528',
  amount: { $numberDecimal: 5 },
}
const account = { account_id: 'MDB1', balance: 5, transfers_complete: [] }

const NAMESAKE = { ...account, account_id: 'MDB343652528' }

const UNADOPTABLE = [
  [
    'of an unknown account',
    'transfers',
    { ...transfer, to_account: 'none' },
    'to account none does not exist',
  ],
  [
    'from nobody',
    'transfers',
    { ...transfer, from_account: undefined },
    'from account null is not a text',
  ],
  [
    'without an id',
    'transfers',
    { ...transfer, transfer_id: undefined },
    'transfer id null is not a text',
  ],
  [
    'with the id of another, and other content',
    'transfers',
    { ...transfer, transfer_id: 'TR1' },
    'a different amount',
  ],
  [
    'that is stored twice',
    'transfers',
    { ...transfer, transfer_id: 'TR1', amount: 100 },
    'exists already',
  ],
  [
    'to its own sender',
    'transfers',
    { ...transfer, to_account: 'MDB574189300' },
    'both sender and receiver',
  ],
  [
    'of a double that is not an exact amount',
    'transfers',
    { ...transfer, amount: 0.1 + 0.2 },
    'amount 0.30000000000000004 is a double that is not an exact amount',
  ],
  [
    'of too many decimals',
    'transfers',
    { ...transfer, amount: 0.125 },
    'more than the 2 decimals of USD',
  ],
  ['of zero', 'transfers', { ...transfer, amount: 0 }, 'is not above zero'],
  ['of NaN', 'transfers', { ...transfer, amount: Number.NaN }, 'amount NaN is not a finite number'],
  [
    'without an amount',
    'transfers',
    { ...transfer, amount: undefined },
    'amount null is not a number',
  ],
  [
    'with a double that is not an exact amount',
    'accounts',
    { ...account, balance: 1e-7 },
    'more than the 2 decimals of USD',
  ],
  [
    'with a Decimal128 NaN',
    'accounts',
    { ...account, balance: new Decimal128('NaN') },
    'is not a finite number',
  ],
  [
    'whose id is not a text',
    'accounts',
    { ...account, account_id: 7 },
    'account id 7 is not a text',
  ],
  [
    'without a balance',
    'accounts',
    { ...account, balance: undefined },
    'balance null is not a number',
  ],
  ['with the id of another', 'accounts', NAMESAKE, 'another account has the same account_id'],
] as const

describe('a document that cannot be adopted', () => {
  test.each(UNADOPTABLE)(
    'is logged, and nothing changes: one %s (%s)',
    async (_what, name, document, problem) => {
      await pay('TR1', 100)
      await connection.collection(name).insertOne({ ...document })
      const before = await bytesOf(connection, ['accounts', 'transfers'])
      await expect(up()).rejects.toThrow(InputError)
      expect(logged.join('\n')).toContain(problem)
      expect(logged.every((line) => /^(?:accounts|transfers) \{"\$oid":/.test(line))).toBe(true)
      expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
      const names = (await connection.listCollections()).map((collection) => collection.name)
      expect(names.filter((each) => each.startsWith('notebook_'))).toEqual([])
    },
  )

  test('is left behind if the settings allow it, and comes back: one of each kind', async () => {
    await pay('TR1', 100)
    for (const [, name, document] of UNADOPTABLE) {
      // A second account with an id makes all transfers of both unadoptable.
      if (document !== NAMESAKE) await connection.collection(name).insertOne({ ...document })
    }
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await up({ skipUnadoptable: true })
    expect(logged).toHaveLength(UNADOPTABLE.length + 1)
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 1 })
    expect(await verify(connection)).not.toHaveProperty('violation')
    await down()
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
  })

  test('is left behind with all of its transfers: two accounts with one id', async () => {
    await pay('TR1', 100)
    await accounts.insertOne({ ...NAMESAKE })
    const before = await bytesOf(connection, ['accounts', 'transfers'])
    await up({ skipUnadoptable: true })
    expect(await verify(connection)).toMatchObject({ accounts: 1, transfers: 0 })
    await down()
    expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(before)
  })

  test('is stored with the batch, as mongoexport would write it', async () => {
    await transfers.insertOne({ ...transfer, to_account: 'none' })
    await up({ skipUnadoptable: true })
    const [refusal] = await connection.collection('refusals').find().toArray()
    expect(refusal).toMatchObject({ code: 'ACCOUNT_NOT_FOUND', transferId: 'TR9' })
    expect(JSON.parse(refusal?.['row'])).toMatchObject({ ...transfer, to_account: 'none' })
  })
})

describe('an adoption', () => {
  test('is refused if the database has documents of Daybook too', async () => {
    await accounts.insertOne({ openingBalance: 1 })
    await expect(up()).rejects.toThrow(
      'has documents of the notebook (in accounts) and of Daybook (in accounts)',
    )
  })

  test('is refused with a currency that does not exist', async () => {
    await expect(up({ currency: 'usd' })).rejects.toThrow('currency "usd" is not an ISO 4217 code')
  })
})

describe('an interrupted adoption', () => {
  const adopt = () => adoptNotebook(parameters())
  const restore = () => restoreNotebook(parameters())

  beforeEach(async () => {
    await pay('TR1', 100)
    await payBack('TR2', 0.5)
    await transfers.insertOne({ ...transfer, to_account: 'none' })
  })

  test('ends in the same state as an uninterrupted one, wherever it was interrupted', async () => {
    await adopt()
    const adopted = await books()
    await restore()
    expect(await failAtEachWrite(connection, adopt)).toBeGreaterThan(3)
    expect(await books()).toEqual(adopted)
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('can be undone, wherever it was interrupted', async () => {
    const notebook = await bytesOf(connection, ['accounts', 'transfers'])
    for (let writes = 0; !(await failAfterWrites(connection, adopt, writes)); writes++) {
      await restore()
      expect(await bytesOf(connection, ['accounts', 'transfers'])).toEqual(notebook)
    }
  })

  test('continues only with the options that it was started with', async () => {
    let writes = 0
    while (!(await accounts.findOne({ openingBalance: { $exists: true } }))) {
      await failAfterWrites(connection, adopt, writes++)
    }
    await expect(
      adoptNotebook({ ...parameters(), options: { currency: 'JPY', skipUnadoptable: true } }),
    ).rejects.toThrow(BatchConflictError)
    await adopt()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 2 })
  })

  test('continues after its process was killed', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      transfer_id: `M${index}`,
      from_account: index % 2 ? 'MDB574189300' : 'MDB343652528',
      to_account: index % 2 ? 'MDB343652528' : 'MDB574189300',
      amount: index % 7 || 0.25,
    }))
    await transfers.deleteMany({})
    await transfers.insertMany(many)
    const database = [uri(), connection.name, compiled('scripts/migrations')]
    const child = spawn(
      process.execPath,
      [compiled('test/support/migrate-child.ts'), ...database],
      { stdio: 'ignore' },
    )
    const ended = once(child, 'exit')
    const batches = connection.collection('batches')
    await expect
      .poll(async () => (await batches.findOne())?.['position'] ?? 0, {
        timeout: 20_000,
        interval: 5,
      })
      .toBeGreaterThan(0)
    child.kill('SIGKILL')
    await ended
    expect(await batches.findOne()).toMatchObject({ status: 'running' })
    await up()
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 10_000 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})
