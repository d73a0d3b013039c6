import { test } from 'daybook/testing/vitest'
import { expect } from 'vitest'

test('has the database to itself', async ({ openAccount }) => {
  expect(await openAccount()).toMatchObject({ _id: 'ACCOUNT-1' })
})

test.concurrent.for([2, 3, 4, 5])(
  'shares the database, %i',
  async (_, { expect: expectHere, openAccount, Account }) => {
    const { _id } = await openAccount()
    expect(await Account.findById(_id)).toMatchObject({ _id })
    await expectHere.poll(() => Account.countDocuments()).toBe(5)
  },
)

test('has an empty database again', async ({ openAccount, Account }) => {
  expect(await Account.countDocuments()).toBe(0)
  expect(await openAccount()).toMatchObject({ _id: 'ACCOUNT-1' })
})
