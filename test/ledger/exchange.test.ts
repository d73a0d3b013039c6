import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { type ExchangeRequest, type Rounding, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  const open = (accountId: string, currency: string, openingBalance: string) =>
    Account.open({ accountId, holder: accountId, currency, openingBalance })
  await open('ADA', 'EUR', '1000')
  await open('BOB', 'USD', '0')
  await open('YUI', 'JPY', '0')
  await open('FX-EUR', 'EUR', '0')
  await open('FX-USD', 'USD', '500')
  await open('FX-JPY', 'JPY', '100000')
})

const THROUGH = { EUR: 'FX-EUR', USD: 'FX-USD', JPY: 'FX-JPY' }

const EXACT: ExchangeRequest = {
  exchangeId: 'X1',
  from: 'ADA',
  to: 'BOB',
  amount: '100',
  toAmount: '108.45',
  through: THROUGH,
}

const AT_RATE: ExchangeRequest = {
  ...EXACT,
  toAmount: undefined,
  rate: '1.08455',
  rounding: 'half-even',
}

const balances = async () =>
  Object.fromEntries((await Account.find()).map(({ _id, balance }) => [_id, balance.toString()]))

describe('Account.exchange', () => {
  test('posts two legs over the position account of each currency', async () => {
    const legs = await Account.exchange({ ...EXACT, reference: 'FX' })

    expect(legs.map((leg) => leg.toJSON())).toMatchObject([
      { _id: 'X1:1', group: 'X1', fromAccount: 'ADA', toAccount: 'FX-EUR', amount: '100.00' },
      { _id: 'X1:2', fromAccount: 'FX-USD', toAccount: 'BOB', amount: '108.45', reference: 'FX' },
    ])
    expect(await balances()).toMatchObject({ 'FX-EUR': '100', 'FX-USD': '391.55', BOB: '108.45' })
    expect(await verify(connection)).toMatchObject({ violations: [], groups: 1 })
  })

  test.each<[Rounding, string, string]>([
    ['half-even', '1.08455', '108.46'],
    ['half-even', '1.08445', '108.44'],
    ['half-up', '1.08445', '108.45'],
    ['down', '1.08459', '108.45'],
    ['up', '1.08451', '108.46'],
  ])('rounds %s as it is asked to, at the rate %s', async (rounding, rate, expected) => {
    const [, received] = await Account.exchange({ ...AT_RATE, rounding, rate })

    expect(received?.amount.toFixed(2)).toBe(expected)
  })

  test('rounds to the decimals of the currency that is received, from an exact product', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 99_999 }),
        fc.integer({ min: 1, max: 10 ** 9 }),
        async (cents, millionths) => {
          const session = await connection.startSession()
          session.startTransaction()
          const [amount, rate] = [cents / 100, millionths / 1e6]
          const product = BigInt(cents) * BigInt(millionths)
          const yen = product / 10n ** 8n
          const exchanged = Account.exchange(
            {
              ...AT_RATE,
              to: 'YUI',
              amount: amount.toFixed(2),
              rate: rate.toFixed(6),
              rounding: 'down',
            },
            { session },
          )
          const outcome = await exchanged.then(
            ([, received]) => received?.amount.toString(),
            (error: { code: string }) => error.code,
          )
          await session.abortTransaction()
          await session.endSession()
          expect(outcome).toBe(
            yen === 0n ? 'INVALID_EXCHANGE' : yen > 100_000n ? 'INSUFFICIENT_FUNDS' : String(yen),
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  test('returns the same transfers when it is repeated, and is a conflict at another rate', async () => {
    const first = await Account.exchange(AT_RATE)

    expect(JSON.stringify(await Account.exchange(AT_RATE))).toBe(JSON.stringify(first))
    expect(
      JSON.stringify(
        await Account.exchange({
          ...AT_RATE,
          rate: undefined,
          rounding: undefined,
          toAmount: '108.46',
        }),
      ),
    ).toBe(JSON.stringify(first))
    await expect(Account.exchange({ ...AT_RATE, rate: '1.09' })).rejects.toMatchObject({
      code: 'TRANSFER_CONFLICT',
      leg: 2,
      fields: ['amount'],
    })
  })

  test('is refused when the position account has too little, and moves nothing', async () => {
    const before = await balances()

    await expect(Account.exchange({ ...EXACT, toAmount: '500.01' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      accountId: 'FX-USD',
      leg: 2,
    })
    expect(await balances()).toEqual(before)
  })

  test('is reversed as a group', async () => {
    const before = await balances()
    await Account.exchange(EXACT)

    await Transfer.reverseGroup('X1')

    expect(await balances()).toEqual(before)
  })

  test.each<[string, Partial<ExchangeRequest>, string]>([
    ['one currency', { to: 'FX-EUR' }, 'from account ADA and to account FX-EUR are both in EUR'],
    ['no position account', { through: { EUR: 'FX-EUR' } }, 'through names no account for USD'],
    ['a rate of zero', { rate: '0' }, 'rate "0" is not above zero'],
    ['a rate that is no number', { rate: '1,08' }, 'rate "1,08" is not a plain decimal number'],
    ['a rate that may be inexact', { rate: 1.08 }, 'rate 1.08 is a JS number that may be inexact'],
    ['a rate that is too exact', { rate: `1.${'1'.repeat(32)}` }, 'has more than 32 digits'],
    [
      'an amount that rounds to nothing',
      { amount: '0.01', rate: '0.4' },
      '0.01 at the rate 0.4 is 0.00 USD with the rounding half-even, which is not above zero',
    ],
  ])('refuses %s', async (_, parts, message) => {
    await expect(
      Account.exchange({ ...AT_RATE, ...parts } as ExchangeRequest),
    ).rejects.toMatchObject({
      code: 'INVALID_EXCHANGE',
      message: expect.stringContaining(message) as string,
    })
  })

  test.each<[string, Partial<ExchangeRequest>, string]>([
    ['both amounts and a rate', { toAmount: '1' }, 'this one has both'],
    ['neither', { rate: undefined, rounding: undefined }, 'this one has neither'],
    ['no rounding', { rounding: undefined }, 'rounding is undefined, not one of up, down, ceil'],
    ['an unknown rounding', { rounding: 'bankers' as 'up' }, 'rounding is "bankers", not one of'],
    ['a rounding of nothing', { rate: undefined, toAmount: '1' }, 'rounding belongs to a rate'],
  ])('throws a TypeError for %s', async (_, parts, message) => {
    const exchange = Account.exchange({ ...AT_RATE, ...parts } as ExchangeRequest)

    await expect(exchange).rejects.toThrow(TypeError)
    await expect(exchange).rejects.toThrow(message)
  })

  test('names the account that does not exist', async () => {
    await expect(Account.exchange({ ...EXACT, to: 'NOBODY' })).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_FOUND',
      side: 'to',
    })
  })
})
