import { Account, Decimal } from 'daybook'
import { useTestDatabase } from 'daybook/testing/jest'

const { ledger, assertBooksBalance, failNext, postTransfer, Transfer } = useTestDatabase()

test('a transfer moves its amount', async () => {
  const { ada } = await ledger({ accounts: { ada: '1000', grace: '0' } })
  await Account.transfer({ transferId: 'TR-1', from: 'ada', to: 'grace', amount: '100' })

  await expect(ada).toHaveBalance('900')
  await expect('grace').toHavePosted('TR-1')
  expect((await Account.findById('grace').orFail()).balance).toEqual(new Decimal('100.00'))
  await assertBooksBalance()
})

test('a refused transfer changes nothing', async () => {
  await ledger({ accounts: { ada: '1000', grace: '0' } })
  const tooMuch = Account.transfer({ from: 'ada', to: 'grace', amount: '1000.01' })

  await expect(tooMuch).toBeRefusedWith('INSUFFICIENT_FUNDS')
  await expect('ada').toHaveBalance('1000')
})

test('a transfer is posted once when the reply to its commit is lost', async () => {
  await failNext('lost-commit-reply')
  await postTransfer({ transferId: 'RENT-2026-01' })
  expect(await Transfer.countDocuments()).toBe(1)
})
