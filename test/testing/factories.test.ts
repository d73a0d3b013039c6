import { describe, expect } from 'vitest'
import { test } from '../../src/testing/vitest.ts'

describe('openAccount', () => {
  test('opens numbered accounts with 1,000 USD, or with what the test specifies', async ({
    openAccount,
  }) => {
    expect((await openAccount()).toJSON()).toMatchObject({
      _id: 'ACCOUNT-1',
      holder: 'Holder 1',
      currency: 'USD',
      balance: '1000.00',
    })
    const second = await openAccount({ holder: 'Ada', currency: 'JPY', overdraftLimit: 5 })
    expect(second.toJSON()).toMatchObject({
      _id: 'ACCOUNT-2',
      holder: 'Ada',
      balance: '1000',
      overdraftLimit: '5',
    })
  })

  test('counts from 1 in each test', async ({ openAccount, Account }) => {
    expect(await Account.countDocuments()).toBe(0)
    expect(await openAccount()).toMatchObject({ _id: 'ACCOUNT-1' })
  })
})

describe('postTransfer', () => {
  test('opens the accounts that are not specified', async ({
    postTransfer,
    assertBooksBalance,
  }) => {
    const transfer = await postTransfer({ amount: '25', reference: 'rent' })
    expect(transfer.toJSON()).toMatchObject({
      _id: 'TRANSFER-1',
      fromAccount: 'ACCOUNT-1',
      toAccount: 'ACCOUNT-2',
      amount: '25.00',
      fromBalance: '975.00',
      toBalance: '1025.00',
      reference: 'rent',
    })
    await assertBooksBalance()
  })

  test('opens the other account in the currency of the specified one', async ({
    openAccount,
    postTransfer,
    Account,
  }) => {
    const { _id: yen } = await openAccount({ currency: 'JPY' })
    await postTransfer({ from: yen, amount: 7 })
    await postTransfer({ to: yen, amount: 2 })
    expect((await Account.findById(yen).orFail()).balance.toString()).toBe('995')
  })

  test('is refused like any other transfer', async ({ postTransfer }) => {
    await expect(postTransfer({ amount: '1000.01' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
    })
    await expect(postTransfer({ from: 'NOBODY' })).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_FOUND',
    })
  })
})

test('transferRequest makes requests with different ids', async ({
  openAccount,
  transferRequest,
  Account,
  Transfer,
}) => {
  const [from, to] = [(await openAccount())._id, (await openAccount())._id]
  const requests = Array.from({ length: 20 }, () => transferRequest({ from, to }))
  await Promise.all(requests.map((request) => Account.transfer(request)))
  expect(await Transfer.countDocuments()).toBe(20)
  expect((await Account.findById(to).orFail()).balance.toString()).toBe('1020')
})
