import { test } from 'daybook/testing/vitest'
import { expect } from 'vitest'

test('a refused transfer changes nothing', async ({
  Account,
  assertBooksBalance,
  openAccount,
  transferRequest,
}) => {
  const { _id: from } = await openAccount({ openingBalance: '100' })
  const { _id: to } = await openAccount()

  const transfer = Account.transfer(transferRequest({ from, to, amount: '100.01' }))

  await expect(transfer).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
  expect((await Account.findById(from).orFail()).balance.toString()).toBe('100')
  await assertBooksBalance()
})

test('a transfer is posted once when the reply to its commit is lost', async ({
  Transfer,
  failNext,
  postTransfer,
}) => {
  await failNext('lost-commit-reply')
  await postTransfer({ transferId: 'RENT-2026-01' })
  expect(await Transfer.countDocuments()).toBe(1)
})
