import { test } from 'daybook/testing/vitest'
import { expect } from 'vitest'

const withRich = test.extend('rich', async ({ openAccount }) => {
  const { _id } = await openAccount({ openingBalance: '9' })
  return _id
})
const withPoor = test.extend('poor', async ({ openAccount }) => (await openAccount())._id)

test('the kit’s own test uses the database of the file', async ({ Account, openAccount }) => {
  await openAccount()
  expect(await Account.countDocuments()).toBe(1)
})

withRich('an extended test uses the same database', async ({ Account, rich }) => {
  expect(await Account.find().distinct('_id')).toEqual([rich])
})

withPoor('so does another extended test', async ({ Account, poor }) => {
  expect(await Account.find().distinct('_id')).toEqual([poor])
})
