import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { Account } from 'daybook'
import { type TestDatabase, openTestDatabase } from 'daybook/testing'

let database: TestDatabase
before(async () => {
  database = await openTestDatabase()
})
beforeEach(() => database.reset())
after(() => database.close())

test('a transfer moves its amount', async () => {
  const { from, to } = await openBoth()
  await Account.transfer({ from, to, amount: '25' })
  assert.equal((await Account.findById(to).orFail()).balance.toString(), '1025')
  await database.assertBooksBalance()
})

test('a transfer is posted once when it meets a write conflict', async () => {
  const { from, to } = await openBoth()
  await database.failNext('write-conflict')
  await Account.transfer({ from, to, amount: '25' })
  assert.equal(await database.Transfer.countDocuments(), 1)
})

async function openBoth() {
  const { _id: from } = await database.openAccount()
  const { _id: to } = await database.openAccount()
  return { from, to }
}
