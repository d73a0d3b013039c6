import { afterEach, expect, jest, test } from '@jest/globals'
import { Account } from 'daybook'
import { useTestDatabase } from 'daybook/testing/jest'

// The program has collections of its own, so the ledger has other names.
const { ledger, connection } = useTestDatabase({
  ledger: { models: { account: 'BankAccount' }, collections: { accounts: 'bank_accounts' } },
})

test('the ledger has the names that the program chose', async () => {
  await ledger({ accounts: { ada: '1000' } })

  await expect('ada').toHaveBalance('1000')
  expect(Account.modelName).toBe('BankAccount')
  expect(await connection.collection('bank_accounts').countDocuments()).toBe(1)
})

afterEach(() => {
  jest.useRealTimers()
})

test('a fake date is the time of posting', async () => {
  const now = new Date('2031-05-06T07:08:09Z')
  // MongoDB's driver waits for these two.
  jest.useFakeTimers({ now, doNotFake: ['nextTick', 'queueMicrotask'] })
  await ledger({ accounts: { ada: '1', grace: '0' } })
  const transfer = await Account.transfer({ from: 'ada', to: 'grace', amount: '1' })
  expect(transfer.postedAt).toEqual(now)
})
