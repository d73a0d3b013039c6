import mongoose from 'mongoose'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  Decimal,
  accountModel,
  batchModel,
  createCollections,
  plain,
  replay,
  transferModel,
  verify,
} from '../../src/index.ts'
import { matchers } from '../../src/testing/matchers.ts'
import { type TestDatabase, openTestDatabase } from '../../src/testing/index.ts'
import { makeFile } from '../support/batch.ts'
import { copyMongoose } from '../support/copy-of-mongoose.ts'

const { copy: anotherMongoose, path, remove } = await copyMongoose()

afterAll(remove)

const money = (text: string) => anotherMongoose.Types.Decimal128.fromString(text)

test('a connection of another major version is refused, with both versions and what to do', async () => {
  const connection = anotherMongoose.createConnection()
  const { version } = anotherMongoose
  Reflect.set(anotherMongoose, 'version', '8.24.7')
  onTestFinished(() => void Reflect.set(anotherMongoose, 'version', version))
  const problem = `mongoose 8.24.7 in ${path}, and Daybook mongoose ${version} in `
  expect(() => transferModel(connection)).toThrow(problem)
  await expect(createCollections(connection)).rejects.toThrow('npm ls mongoose')
})

describe('on a connection of another copy of Mongoose', () => {
  const connection = anotherMongoose.createConnection()
  let database: TestDatabase

  beforeAll(async () => {
    database = await openTestDatabase({ connection, uri: inject('mongodbUri') })
    const open = { holder: 'Ada', currency: 'USD', openingBalance: money('100') }
    await database.Account.open({ ...open, accountId: 'A' })
    await database.Account.create({ _id: 'B', holder: 'Bob', currency: 'USD' })
    await database.Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: money('12.5') })
  })

  afterAll(() => database.close())

  test('documents have their money', async () => {
    expect(mongoose.Types.Decimal128).not.toBe(anotherMongoose.Types.Decimal128)
    const account = await accountModel(connection)
      .findById('A')
      .populate('transfersComplete')
      .orFail()
    expect(account.balance.eq('87.5')).toBe(true)
    expect(account.toJSON()).toMatchObject({ balance: '87.50', openingBalance: '100.00' })
    expect(account.transfersComplete).toMatchObject([{ amount: new Decimal('12.5') }])
    await expect(account.validate()).resolves.toBeUndefined()
  })

  test('filters take money of either copy', async () => {
    for (const { Types } of [mongoose, anotherMongoose]) {
      const balance = { $gt: Types.Decimal128.fromString('50') }
      expect(await accountModel(connection).distinct('_id', { balance })).toEqual(['A'])
    }
  })

  test('errors are of the program’s copy', async () => {
    await expect(accountModel(connection).find({ createdAt: 'never' })).rejects.toBeInstanceOf(
      anotherMongoose.Error.CastError,
    )
  })

  test('statements, transactions, replays and proofs work', async () => {
    const account = await accountModel(connection).findById('A').orFail()
    expect(await account.statement()).toMatchObject([{ amount: new Decimal('-12.5') }])
    await connection.transaction(async (session) => {
      await database.Account.transfer({ from: 'B', to: 'A', amount: '2.5' }, { session })
      const inside = await accountModel(connection).findById('A').session(session)
      expect(inside?.balance.toString()).toBe('90')
    })
    const file = await makeFile('two.csv', 'transferId,from,to,amount\nR,A,B,1\nS,A,B,1000\n')
    expect(await replay(connection, { file })).toMatchObject({ posted: 1, refused: 1 })
    const batch = await batchModel(connection).findById('two.csv').orFail()
    expect(plain(batch.toObject())).toMatchObject({ amountByCurrency: { USD: '1.00' } })
    expect(await verify(connection)).toMatchObject({ balanced: true, transfers: 3 })
  })

  test('the kit’s matchers read its documents', async () => {
    const account = await accountModel(connection).findById('B').orFail()
    const { pass } = await matchers.toHavePosted(account, 'T')
    expect(pass).toBe(true)
  })

  test('a connection of Daybook’s copy that is not open names both copies', async () => {
    const both = `the program uses mongoose ${mongoose.version} in ${path}, and Daybook mongoose ${mongoose.version} in `
    const Account = accountModel(mongoose.createConnection())
    await expect(Account.open({ holder: 'A', currency: 'USD' })).rejects.toThrow(both)
  })
})
