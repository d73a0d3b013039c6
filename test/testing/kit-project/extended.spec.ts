import { test } from 'daybook/testing/vitest'
import { expect } from 'vitest'

const withRich = test.extend('rich', async ({ openAccount }) => {
  const { _id } = await openAccount({ openingBalance: '9' })
  return _id
})
const withPoor = test.extend('poor', async ({ openAccount }) => (await openAccount())._id)

test('the plain one has the database of the file', async ({ Account, openAccount }) => {
  await openAccount()
  expect(await Account.countDocuments()).toBe(1)
})

withRich('one that is extended has it, too', async ({ Account, rich }) => {
  expect(await Account.find().distinct('_id')).toEqual([rich])
})

withPoor('so has another', async ({ Account, poor }) => {
  expect(await Account.find().distinct('_id')).toEqual([poor])
})
