import { test } from 'daybook/testing/vitest'
import { expect } from 'vitest'
import { BankAccount } from './ledger.ts'

test('the test database has the ledger that the program defines', async ({
  Account,
  connection,
  openAccount,
}) => {
  await openAccount({ accountId: 'ADA', branch: 'NORTH' })

  expect(Account).toBe(BankAccount)
  await expect('ADA').toHaveBalance('1000')
  expect(await BankAccount.findOne({ branch: 'NORTH' })).toMatchObject({ _id: 'ADA' })
  expect(await connection.collection('bank_accounts').countDocuments()).toBe(1)
})
