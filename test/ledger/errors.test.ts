import { beforeEach, describe, expect, test } from 'vitest'
import * as errors from '../../src/errors.ts'
import { isLedgerError } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '5.1' })
  await Account.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })
})

const tooMuch = { from: 'ADA', to: 'GRACE', amount: '9' }

/** What a call throws. */
const thrownBy = async (call: () => Promise<unknown>): Promise<Error> =>
  await call().then(
    () => new Error('nothing was thrown'),
    (error: Error) => error,
  )

describe('the stack of a refusal', () => {
  async function payRent(options?: object) {
    await Account.transfer(tooMuch, options)
  }
  async function payInTransaction() {
    await connection.transaction((session) => payRent({ session }))
  }
  async function reverseNothing() {
    await Transfer.reverse('NOTHING')
  }
  async function freezeNobody() {
    await Account.freeze('NOBODY')
  }
  async function openAgain() {
    await Account.open({ accountId: 'ADA', holder: 'Eve', currency: 'USD' })
  }

  test.each([payRent, payInTransaction, reverseNothing, freezeNobody, openAgain])(
    'names the caller: %o',
    async (caller) => {
      const [alone, among] = await Promise.all([thrownBy(caller), thrownBy(caller)])
      const frame = new RegExp(`at (?:async )?${caller.name} `)
      for (const { stack } of [alone, among]) expect(stack).toMatch(frame)
    },
  )
})

test('a refusal in JSON has its message, code and fields, with money in the currency’s decimals', async () => {
  const refusal = await thrownBy(() => Account.transfer(tooMuch))
  expect(JSON.parse(JSON.stringify(refusal))).toEqual({
    name: 'InsufficientFundsError',
    code: 'INSUFFICIENT_FUNDS',
    message: 'account ADA has 5.10 USD available, but the transfer needs 9.00',
    docs: 'docs/refusals.md#insufficient_funds',
    accountId: 'ADA',
    available: '5.10',
    needed: '9.00',
    currency: 'USD',
  })
})

test('a refusal is named after its code, also if a bundler shortens the names of classes', () => {
  class t extends errors.SameAccountError {}
  expect(new t({ accountId: 'ADA' })).toMatchObject({ name: 'SameAccountError' })
})

describe('isLedgerError', () => {
  test.each(
    Object.keys(errors).filter((name) =>
      /^(?!Input|Engine|Database|Ledger|TransferRefused)[A-Z].*Error$/.test(name),
    ),
  )('knows the code of %s, also from another copy of Daybook', (name) => {
    const words = name
      .replace(/Error$/, '')
      .replaceAll(/\B[A-Z]/g, (letter: string) => `_${letter}`)
    expect(isLedgerError(Object.assign(new Error(), { code: words.toUpperCase() }))).toBe(true)
  })

  test('does not take another error or a plain object for one', () => {
    expect(isLedgerError(Object.assign(new Error(), { code: 'ENOENT' }))).toBe(false)
    expect(isLedgerError({ code: 'SAME_ACCOUNT' })).toBe(false)
    expect(isLedgerError(undefined)).toBe(false)
  })
})
