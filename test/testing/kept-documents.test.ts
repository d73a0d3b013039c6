import mongoose from 'mongoose'
import { expect, inject, onTestFinished } from 'vitest'
import { Account, Transfer } from '../../src/index.ts'
import { openTestDatabase } from '../../src/testing/index.ts'
import { test } from '../../src/testing/vitest.ts'

const { BSONRegExp, Double, Int32, Long } = mongoose.mongo

test.beforeAll(async ({ ledger, keep }) => {
  await ledger({
    accounts: { ADA: '1000', GRACE: '0' },
    transfers: [{ from: 'ADA', to: 'GRACE', amount: '100' }],
  })
  await keep()
})

test.for([1, 2])(
  'each test of a file starts from what was kept, run %i',
  async (_, { assertBooksBalance, openAccount, transferRequest }) => {
    await expect('ADA').toHaveBalance('900')
    expect(await Transfer.countDocuments()).toBe(1)
    const request = transferRequest({ from: 'ADA', to: 'GRACE', amount: '900' })
    expect(request.transferId).toBe('TRANSFER-2')
    await Account.transfer(request)
    await openAccount({ accountId: 'EVE' })
    await assertBooksBalance()
  },
)

test('a reset restores exact types, what a validator refuses, and no document of later', async () => {
  const connection = mongoose.createConnection()
  const database = await openTestDatabase({ uri: inject('mongodbUri'), connection })
  onTestFinished(() => database.close())
  const notes = connection.collection('notes')
  const numbers = [new Int32(1), new Long(1), new Double(1), Long.fromString('9007199254740993')]
  const invalid = { _id: 'INVALID' } as object
  await notes.insertOne({ numbers, pattern: new BSONRegExp('a', 'i'), bytes: Buffer.from('x') })
  await connection.collection('accounts').insertOne(invalid, { bypassDocumentValidation: true })
  const stored = async () => {
    const types = { $map: { input: '$numbers', in: { $type: '$$this' } } }
    const documents = await notes.aggregate([{ $addFields: { types } }]).toArray()
    return [documents, await connection.collection('accounts').find().toArray()]
  }
  const before = await stored()

  await database.keep()
  await notes.insertOne({ later: true })
  await connection.collection('later').insertOne({})
  await connection.collection('accounts').deleteMany({})
  await database.reset()

  expect(await stored()).toEqual(before)
  expect(before[0]).toMatchObject([{ types: ['int', 'long', 'double', 'long'] }])
  expect(await connection.collection('later').countDocuments()).toBe(0)
})
