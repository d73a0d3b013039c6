import { Decimal as OtherDecimal } from 'decimal.js'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { Account, Decimal } from '../../src/index.ts'
import { test } from '../../src/testing/vitest.ts'

describe('toHaveBalance', () => {
  test('reads the balance from the database, by a document or an id', async ({ ledger }) => {
    const { ADA: stale } = await ledger({ accounts: { ADA: '1000', GRACE: '0' } })
    await Account.transfer({ from: 'ADA', to: 'GRACE', amount: '100' })
    await expect(stale).toHaveBalance('900')
    await expect('GRACE').toHaveBalance(new Decimal(100))
    await expect(stale).not.toHaveBalance('1000')
  })

  test('says which balance it found', async ({ ledger }) => {
    await ledger({ accounts: { ADA: '12.50' } })
    await expect(expect('ADA').toHaveBalance('12.05')).rejects.toThrow(
      'account "ADA" was checked for a balance of 12.05: its balance is 12.5 USD',
    )
  })

  test('refuses what is not an account, does not exist, or is not exact money', async ({
    ledger,
    postTransfer,
  }) => {
    await ledger({ accounts: { ADA: '1' } })
    const transfer = await postTransfer()
    await expect(expect(transfer).toHaveBalance('1')).rejects.toThrow('expected an account')
    await expect(expect(5).not.toHaveBalance('1')).rejects.toThrow('expected an account')
    await expect(expect('NOBODY').not.toHaveBalance('1')).rejects.toThrow('does not exist')
    await expect(expect('ADA').not.toHaveBalance(0.1)).rejects.toThrow('write it as a string')
  })
})

test('toHavePosted holds for both accounts of a transfer and for no other', async ({ ledger }) => {
  const { ADA, EVE } = await ledger({
    accounts: { ADA: '10', GRACE: '0', EVE: '0' },
    transfers: [{ transferId: 'TR-1', from: 'ADA', to: 'GRACE' }],
  })
  await expect(ADA).toHavePosted('TR-1')
  await expect('GRACE').toHavePosted('TR-1')
  await expect(EVE).not.toHavePosted('TR-1')
  await expect(ADA).not.toHavePosted('TR-2')
  await expect(expect(EVE).toHavePosted('TR-1')).rejects.toThrow('"ADA" to "GRACE"')
})

describe('toBeRefusedWith', () => {
  test('awaits a call, and reads the results of transferMany', async ({ ledger }) => {
    await ledger({ accounts: { ADA: '10', GRACE: '0' } })
    const request = { from: 'ADA', to: 'GRACE', amount: '10.01' }
    await expect(Account.transfer(request)).toBeRefusedWith('INSUFFICIENT_FUNDS')
    const [result] = await Account.transferMany([request])
    await expect(result).toBeRefusedWith('INSUFFICIENT_FUNDS')
    await expect(Account.transfer(request)).not.toBeRefusedWith('SAME_ACCOUNT')
  })

  test('says what happened instead', async ({ ledger }) => {
    await ledger({ accounts: { ADA: '10', GRACE: '0' } })
    const call = (amount: string) =>
      expect(Account.transfer({ from: 'ADA', to: 'GRACE', amount })).toBeRefusedWith('SAME_ACCOUNT')
    await expect(call('1')).rejects.toThrow('SAME_ACCOUNT: it was not refused')
    await expect(call('x')).rejects.toThrow('it was refused with INVALID_AMOUNT: amount "x"')
    const failure = expect(Promise.reject(new Error('power cut'))).toBeRefusedWith('SAME_ACCOUNT')
    await expect(failure).rejects.toThrow('it failed, which is not a refusal: power cut')
  })
})

test('toEqual compares Decimals of any copy of decimal.js by value', async ({ ledger }) => {
  const { ADA } = await ledger({ accounts: { ADA: '900.00' } })
  expect(ADA.balance).toEqual(new OtherDecimal('900'))
  expect({ balance: ADA.balance }).toEqual({ balance: new (OtherDecimal.clone())(900) })
  expect(ADA.balance).not.toEqual(new OtherDecimal('900.01'))
  expect(ADA.balance).not.toEqual('900')
})

test.for([['Date'], undefined] as const)(
  'a fake date is the time of opening and posting, with fake timers %o',
  async (toFake, { ledger }) => {
    const now = new Date('2031-05-06T07:08:09Z')
    vi.useFakeTimers({ now, ...(toFake && { toFake: [...toFake] }) })
    onTestFinished(() => void vi.useRealTimers())
    const { ADA } = await ledger({ accounts: { ADA: '1', GRACE: '0' } })
    expect(ADA.createdAt).toEqual(now)
    const transfer = await Account.transfer({ from: 'ADA', to: 'GRACE', amount: '1' })
    expect(transfer.postedAt).toEqual(now)
    vi.setSystemTime('2020-01-01')
    const later = await Account.transfer({ from: 'GRACE', to: 'ADA', amount: '1' })
    expect(later.postedAt).toEqual(now)
  },
)
