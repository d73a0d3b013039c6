import mongoose from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { InputError, replay, verify } from '../../src/index.ts'
import { adoptNotebook } from '../../src/notebook/adoption.ts'
import { restoreNotebook } from '../../src/notebook/restoration.ts'
import { ADOPTION, LATER_MIGRATIONS, duringCommand, useAdoption } from '../support/adoption.ts'
import { makeFile } from '../support/batch.ts'
import { failAfterWrites, failAtEachWrite } from '../support/fail-writes.ts'
import { bytesOf, notebookTransfer } from '../support/notebook.ts'

const { Decimal128 } = mongoose.Types

const {
  connection,
  Account,
  Transfer,
  accounts,
  transfers,
  up,
  upAll,
  down,
  parameters,
  collectionNames,
} = useAdoption()

const COLLECTIONS = ['accounts', 'transfers']
const notebookBytes = () => bytesOf(connection, COLLECTIONS)
const payment = { transferId: 'T1', from: 'A', to: 'B', amount: '1' }

beforeEach(async () => {
  await accounts.insertMany([
    { account_id: 'A', account_holder: 'Ada', balance: 1000, transfers_complete: [], note: 'x' },
    { account_id: 'B', balance: new Decimal128('50.50'), transfers_complete: [] },
  ])
  await accounts.createIndex({ account_id: 1 }, { unique: true })
  await notebookTransfer(connection, { id: 'TR1', from: 'A', to: 'B', amount: 100 })
  await notebookTransfer(connection, { id: 'TR2', from: 'B', to: 'A', amount: 0.5 })
})

describe('bringing a notebook back', () => {
  test('restores the same documents, indexes and collections', async () => {
    const before = await notebookBytes()
    await upAll()
    expect(await down()).toEqual([...LATER_MIGRATIONS.toReversed(), ADOPTION])
    expect(await notebookBytes()).toEqual(before)
    expect(await accounts.indexExists('account_id_1')).toBe(true)
    expect(await collectionNames()).toEqual(COLLECTIONS)
  })

  test('restores documents that were left behind', async () => {
    await accounts.insertOne({ account_id: 'C', balance: 'many' })
    await transfers.insertOne({ transfer_id: 'TR1', from_account: 'A', to_account: 'none' })
    const before = await notebookBytes()
    await up({ skipUnadoptable: true })
    await down()
    expect(await notebookBytes()).toEqual(before)
    expect(await collectionNames()).toEqual(COLLECTIONS)
  })

  test('restores accounts in debt, which are adopted with a limit', async () => {
    await notebookTransfer(connection, { id: 'TR3', from: 'A', to: 'B', amount: 5000 })
    const before = await notebookBytes()
    await up()
    await down()
    expect(await notebookBytes()).toEqual(before)
  })

  test('leaves collections with other documents, such as batches from before the adoption', async () => {
    const earlier = { _id: 'earlier' as never, digest: 'D', startedAt: new Date(0) }
    await connection.collection('batches').insertOne(earlier)
    await up()
    await down()
    expect(await connection.collection('batches').find().toArray()).toEqual([earlier])
  })

  test('can be undone by another adoption, with the same result', async () => {
    await up()
    const adopted = await notebookBytes()
    await down()
    await up()
    expect(await notebookBytes()).toEqual(adopted)
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 2 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is possible after changes that were undone', async () => {
    const before = await notebookBytes()
    await up()
    await Account.freeze('A')
    await Account.setOverdraftLimit('A', '5')
    await Account.unfreeze('A')
    await Account.setOverdraftLimit('A', '0')
    await down()
    expect(await notebookBytes()).toEqual(before)
  })
})

/** What can come after an adoption, and how the refusal names it. */
const LATER: [string, () => Promise<unknown>, string][] = [
  ['a transfer', () => Account.transfer(payment), 'would be lost: transfers: 1 (T1). To continue'],
  ['a reversal', () => Transfer.reverse('TR1'), 'transfers: 1 (TR1:reversal)'],
  [
    'an opened account',
    () => Account.open({ accountId: 'NEW', holder: 'Grace', currency: 'EUR' }),
    'would be lost: opened accounts: 1 (NEW). To continue',
  ],
  ['a frozen account', () => Account.freeze('B'), 'changed accounts: 1 (B)'],
  ['a changed limit', () => Account.setOverdraftLimit('A', '9'), 'changed accounts: 1 (A)'],
  [
    'a changed holder',
    () => Account.updateOne({ _id: 'A' }, { $set: { holder: 'Grace' } }),
    'changed accounts: 1 (A)',
  ],
  ['a closed account', () => Account.close('B', { payOutTo: 'A' }), 'changed accounts: 1 (B)'],
  [
    'a replayed batch',
    async () => {
      const file = await makeFile('march.csv', 'transferId,from,to,amount\nT1,A,B,1\nT2,B,A,2\n')
      await replay(connection, { file })
    },
    'would be lost: transfers: 2 (T1, T2), batches: 1 (march.csv). To continue',
  ],
  [
    'a replayed batch that was refused',
    async () => {
      const file = await makeFile('april.csv', 'transferId,from,to,amount\nT1,A,none,1\n')
      await replay(connection, { file })
    },
    'would be lost: batches: 1 (april.csv). To continue',
  ],
]

describe('bringing a notebook back, if that would lose something,', () => {
  test.each(LATER)('is refused and names it: %s', async (_what, happen, message) => {
    await up()
    await happen()
    const names = await collectionNames()
    const before = await bytesOf(connection, names)
    const refusal = expect.objectContaining({ message: expect.stringContaining(message) })
    await expect(down()).rejects.toEqual(refusal)
    await expect(down()).rejects.toThrow(InputError)
    expect(await bytesOf(connection, names)).toEqual(before)
  })

  test('is refused if an account was opened with the id of one that was left behind', async () => {
    await accounts.insertOne({ account_id: 'C', balance: 'many' })
    await up({ skipUnadoptable: true })
    await Account.open({ accountId: 'C', holder: 'Grace', currency: 'USD' })
    await expect(down()).rejects.toThrow('opened accounts: 1 (C)')
  })

  test('is refused with the number and the first three ids', async () => {
    await up()
    for (let index = 1; index <= 12; index++) {
      await Account.transfer({ ...payment, transferId: `T${index}` })
      await Account.open({ accountId: `NEW${index}`, holder: 'Grace', currency: 'USD' })
    }
    await expect(down()).rejects.toThrow(
      /transfers: 12 \((?:T\d+, ){3}…\), opened accounts: 12 \((?:NEW\d+, ){3}…\)/,
    )
  })

  test('lets Daybook continue after the migrations are applied again, with any options', async () => {
    await accounts.updateMany({}, { $set: { balance: 50 } })
    await accounts.insertOne({ account_id: 'C', balance: 'many' })
    await transfers.updateMany({}, { $set: { amount: 2 } })
    await up({ currency: 'JPY', skipUnadoptable: true })
    await Account.transfer(payment)
    await expect(down()).rejects.toThrow('run daybook migrate up')
    expect(await upAll()).toEqual([ADOPTION, ...LATER_MIGRATIONS])
    await Account.transfer({ ...payment, transferId: 'T2', currency: 'JPY' })
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 4 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})

describe('a program that writes while a notebook is brought back', () => {
  const restore = () => restoreNotebook(parameters())
  const open = () => Account.open({ accountId: 'NEW', holder: 'Grace', currency: 'USD' })

  /** Checks that Daybook works, with one transfer more than before. */
  const expectInUse = async ({ transfers: count }: { transfers: number }) => {
    await Account.transfer({ ...payment, transferId: 'T2' })
    expect(await verify(connection)).toMatchObject({ transfers: count + 1 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  }

  test('stops it with a write before its last check', async () => {
    await up()
    const command = { command: 'collMod' }
    const error = await duringCommand(connection, command, { run: restore, work: open })
    expect(error).toBeInstanceOf(InputError)
    expect(error).toMatchObject({ message: expect.stringContaining('opened accounts: 1 (NEW)') })
    await expectInUse({ transfers: 2 })
  })

  test.each([
    ['once writes to accounts are blocked', { command: 'collMod', skip: 1 }],
    ['once writes to both collections are blocked', { command: 'renameCollection' }],
    ['once the old transfers are back', { command: 'renameCollection', skip: 1 }],
  ])('is refused %s', async (_when, command) => {
    const before = await notebookBytes()
    await up()
    const work = async () => {
      await expect(Account.transfer(payment)).rejects.toMatchObject({
        outcome: 'not posted',
        cause: { code: 121 },
      })
      const refusal = { outcome: 'not posted', cause: { codeName: 'DocumentValidationFailure' } }
      await expect(open()).rejects.toMatchObject(refusal)
      await expect(Account.freeze('A')).rejects.toMatchObject(refusal)
    }
    expect(await duringCommand(connection, command, { run: restore, work })).toBeUndefined()
    expect(await notebookBytes()).toEqual(before)
  })

  /** Whether writes are about to be blocked. */
  const isWaiting = async () => {
    const operations = connection
      .getClient()
      .db('admin')
      .aggregate([{ $currentOp: {} }])
    return (await operations.toArray()).some(({ command }) => command?.collMod !== undefined)
  }

  test('stops it with a transaction that was in progress', async () => {
    await up()
    const session = await connection.startSession()
    session.startTransaction()
    await Account.transfer(payment, { session })
    const restoring = restore().catch((error: unknown) => error)
    await expect.poll(isWaiting, { interval: 20, timeout: 20_000 }).toBe(true)
    await session.commitTransaction()
    await session.endSession()
    expect(await restoring).toBeInstanceOf(InputError)
    expect(await restoring).toMatchObject({ message: expect.stringContaining('transfers: 1 (T1)') })
    await expectInUse({ transfers: 3 })
  })
})

describe('an interrupted attempt to bring a notebook back', () => {
  const adopt = () => adoptNotebook(parameters())
  const restore = () => restoreNotebook(parameters())

  beforeEach(async () => {
    await accounts.insertOne({ account_id: 'C', balance: 'many' })
    await transfers.insertOne({ transfer_id: 'TR1', from_account: 'A', to_account: 'none' })
  })

  test('ends in the same state as an uninterrupted one, wherever it was interrupted', async () => {
    const before = await notebookBytes()
    await adopt()
    expect(await failAtEachWrite(connection, restore)).toBeGreaterThan(5)
    expect(await notebookBytes()).toEqual(before)
    expect(await collectionNames()).toEqual(COLLECTIONS)
  })

  test('can be undone by another adoption, wherever it was interrupted', async () => {
    const before = await notebookBytes()
    await adopt()
    const adopted = await notebookBytes()
    for (let writes = 0; !(await failAfterWrites(connection, restore, writes)); writes++) {
      await adopt()
      expect(await notebookBytes()).toEqual(adopted)
      expect(await verify(connection)).not.toHaveProperty('violation')
      await expect(Account.transfer({ ...payment, amount: '9999' })).rejects.toMatchObject({
        code: 'INSUFFICIENT_FUNDS',
      })
    }
    expect(await notebookBytes()).toEqual(before)
  })
})
