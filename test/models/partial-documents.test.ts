import { beforeEach, describe, expect, test } from 'vitest'
import { useDatabase } from '../support/database.ts'

const { Account, Hold } = useDatabase()

describe('a document that was read without some of its paths', () => {
  beforeEach(async () => {
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
    await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
    await Account.hold({ holdId: 'H', from: 'A', to: 'B', amount: '40' })
  })

  test('does not know what is held without the path', async () => {
    for (const paths of ['balance', 'balance overdraftLimit', '-held']) {
      const account = await Account.findById('A', paths).orFail()
      expect(account.held).toBeUndefined()
      expect(account.toJSON({ virtuals: true })).not.toHaveProperty('held')
    }
    expect((await Account.findById('A', 'held').orFail()).held.toString()).toBe('40')
    expect((await Account.findById('B', 'held').orFail()).held.toString()).toBe('0')
  })

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'whether an account is open',
      async () => (await Account.findById('A', 'balance').orFail()).isOpen(),
      'account A was read without its status',
    ],
    [
      'the balance of an account without an id',
      async () => (await Account.findOne({ _id: 'A' }, '-_id').orFail()).balanceAt(new Date()),
      'the account was read without its _id',
    ],
    [
      'the statement of an account without an id',
      async () => (await Account.findOne({ _id: 'A' }, '-_id').orFail()).statement(),
      'the account was read without its _id',
    ],
    [
      'what remains of a hold',
      async () => (await Hold.findById('H', 'amount').orFail()).remaining(),
      'hold H was read without its status, captured',
    ],
  ])('refuses to say %s', async (_, ask, message) => {
    await expect(ask()).rejects.toThrow(TypeError)
    await expect(ask()).rejects.toThrow(message)
  })
})
