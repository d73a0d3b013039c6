import { Account, Decimal } from 'daybook'
import { test } from 'daybook/testing/vitest'
import { expect } from 'vitest'

test.beforeAll(async ({ ledger, keep }) => {
  await ledger({ accounts: { ada: '1000', grace: { openingBalance: '0', overdraftLimit: '50' } } })
  await keep()
})

test('a transfer is refused, then posted', async () => {
  const request = { transferId: 'TR-1', from: 'ada', to: 'grace' }

  const tooMuch = Account.transfer({ ...request, amount: '1000.01' })
  await expect(tooMuch).toBeRefusedWith('INSUFFICIENT_FUNDS')
  await Account.transfer({ ...request, amount: '100' })

  await expect('ada').toHaveBalance('900')
  await expect('grace').toHavePosted('TR-1')
  expect((await Account.findById('ada').orFail()).balance).toEqual(new Decimal('900.00'))
})
