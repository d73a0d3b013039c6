import { Account } from 'daybook'
import { test } from 'daybook/testing/vitest'
import { beforeEach, expect } from 'vitest'

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
})

test.beforeAll(async ({ openAccount }) => {
  await openAccount()
})

test.for([1, 2, 3])('starts with only what its beforeEach made, run %i', async () => {
  expect(await Account.countDocuments()).toBe(1)
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
})
