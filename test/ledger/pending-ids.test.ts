import { beforeEach, describe, expect, test } from 'vitest'
import { accountModel, defineLedger, transferModel } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection } = useDatabase()
const Account = accountModel(connection)

const income = { transferId: 'INCOME', from: 'RICH', to: 'POOR', amount: '100' }
const payment = { transferId: 'PAYMENT', from: 'POOR', to: 'SHOP', amount: '100' }

beforeEach(async () => {
  for (const [accountId, openingBalance] of [
    ['RICH', '1000'],
    ['POOR', '0'],
    ['SHOP', '0'],
  ] as const) {
    await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance })
  }
})

/** Posts the income and the payment in a transaction, and does some work before it is committed. */
const whilePending = (work: () => Promise<unknown>) =>
  connection.transaction(async (session) => {
    await Account.transferMany([income, payment], { session })
    await work()
  })

describe('a refusal', () => {
  test('is not given while a transaction that posts the same id may still commit', async () => {
    await whilePending(async () => {
      await expect(Account.transfer(payment, { patience: 200 })).rejects.toMatchObject({
        name: 'OutcomeError',
        outcome: 'not posted',
      })
      await expect(
        Account.transferMany([payment], { atomic: true, patience: 200 }),
      ).rejects.toMatchObject({ name: 'OutcomeError', outcome: 'not posted' })
    })
    await expect(Account.transfer(payment)).resolves.toMatchObject({ _id: 'PAYMENT' })
  })

  test('by a field that became required is not given either', async () => {
    const later = defineLedger(connection.useDb(connection.name), {
      fields: { transfer: { purpose: { type: String, required: true } } },
    })
    await whilePending(async () => {
      await expect(later.Account.transfer(payment, { patience: 200 })).rejects.toMatchObject({
        name: 'OutcomeError',
        outcome: 'not posted',
      })
    })
    expect(await later.Account.transfer(payment)).toMatchObject({ _id: 'PAYMENT' })
  })

  test('is given once that transaction is rolled back', async () => {
    let repeated: Promise<unknown> | undefined
    const rolledBack = whilePending(async () => {
      repeated = Account.transfer(payment)
      repeated.catch(() => undefined)
      throw new Error('changed my mind')
    })
    await expect(rolledBack).rejects.toThrow('changed my mind')
    await expect(repeated).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    expect(await transferModel(connection).countDocuments()).toBe(0)
  })

  test('of one request does not get in the way of a later one with the same id', async () => {
    const results = await Account.transferMany([payment, income, payment, payment])
    expect(results.map(({ status }) => status)).toEqual(['refused', 'posted', 'posted', 'existing'])
  })

  test('of an atomic group is given if some of its ids are posted already', async () => {
    await Account.transfer(income)
    const results = await Account.transferMany(
      [{ ...income, amount: '1' }, { ...payment, amount: '500' }, payment],
      { atomic: true },
    )
    expect(results.map(({ status }) => status)).toEqual(['refused', 'refused', 'refused'])
  })

  test('is given at once if the request itself is wrong and its id is posted', async () => {
    await Account.transfer(income)
    const wrong = { ...income, to: 'RICH' }
    await expect(Account.transfer(wrong)).rejects.toMatchObject({ code: 'SAME_ACCOUNT' })
    const results = await Account.transferMany([wrong], { atomic: true })
    expect(results).toMatchObject([{ code: 'SAME_ACCOUNT' }])
  })
})
