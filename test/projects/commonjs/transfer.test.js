const assert = require('node:assert/strict')
const { after, before, beforeEach, test } = require('node:test')
const daybook = require('daybook')
const { openTestDatabase } = require('daybook/testing')

let database
before(async () => {
  database = await openTestDatabase()
})
beforeEach(() => database.reset())
after(() => database.close())

test('a transfer moves its amount', async () => {
  await database.ledger({ accounts: { ada: '1000', grace: '0' } })
  const transfer = await daybook.Account.transfer({ from: 'ada', to: 'grace', amount: '25' })
  assert.equal(transfer.toBalance.toString(), '25')
})

test('import and require lead to one copy of Daybook', async () => {
  assert.equal((await import('daybook')).Account, daybook.Account)
})
