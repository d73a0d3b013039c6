import mongoose from 'mongoose'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { accountModel, verify } from '../../src/index.ts'
import { countCommands } from '../support/count-commands.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

/** Another client of the same database. `connection` does not know what it writes. */
let other: mongoose.Connection

beforeAll(async () => {
  other = await mongoose
    .createConnection(inject('mongodbUri'), {
      dbName: connection.name,
      autoCreate: false,
      autoIndex: false,
    })
    .asPromise()
})
afterAll(() => other.close())

let count = 0
const pay = (model: typeof Account, amount = '1', to = 'B') =>
  model.transfer({ transferId: `T${(count += 1)}`, from: 'A', to, amount })

beforeEach(async () => {
  for (const accountId of ['A', 'B']) {
    await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance: '100' })
  }
  // The first payment finds that accounts of the same names have changed since the last test. The next 32
  // read.
  await pay(Account)
  for (let transfer = 0; transfer < 33; transfer += 1) await pay(Account, '0.01')
})

const balances = async () => {
  const accounts = await Account.find().sort({ _id: 1 })
  return accounts.map(({ balance }) => balance.toFixed(2))
}

describe('a lone transfer', () => {
  test('does not read accounts to which the connection posted last', async () => {
    const finds = countCommands(connection, 'find')
    await pay(Account)
    await pay(Account)
    expect(finds()).toBe(0)
    expect(await balances()).toEqual(['96.67', '103.33'])
  })

  test('does not read accounts that the connection has opened', async () => {
    const openings = ['C', 'D'].map((accountId) => ({ accountId, holder: 'Ada', currency: 'USD' }))
    for (const opening of openings) await Account.open({ ...opening, openingBalance: '5' })
    const finds = countCommands(connection, 'find')
    await Account.transfer({ from: 'C', to: 'D', amount: '5' })
    expect(finds()).toBe(0)
    expect(await balances()).toEqual(['98.67', '101.33', '0.00', '10.00'])
  })

  test('notices what another connection has written, and reads again for a while', async () => {
    const finds = countCommands(connection, 'find')
    await pay(accountModel(other), '50')
    expect(await pay(Account)).toMatchObject({ fromSequence: 36, toSequence: 36 })
    expect(finds()).toBe(1)
    await pay(Account)
    expect(finds()).toBe(2)
    expect(await balances()).toEqual(['46.67', '153.33'])
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test.each([
    ['is frozen', (model: typeof Account) => model.freeze('A'), 'ACCOUNT_NOT_OPEN'],
    ['has too little money', (model: typeof Account) => pay(model, '90'), 'INSUFFICIENT_FUNDS'],
  ] as const)(
    'is refused when its sender, changed by another connection, %s',
    async (_, change, code) => {
      await change(accountModel(other))
      await expect(pay(Account, '20')).rejects.toMatchObject({ code })
      expect(await verify(connection)).not.toHaveProperty('violation')
    },
  )

  test('is posted if its sender, as remembered, has too little money but really has enough', async () => {
    await accountModel(other).transfer({ transferId: 'back', from: 'B', to: 'A', amount: '100' })
    await expect(pay(Account, '190')).resolves.toMatchObject({ fromAccount: 'A' })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})
