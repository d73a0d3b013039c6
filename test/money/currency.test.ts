import { data } from 'currency-codes'
import { expect, test } from 'vitest'
import { isCurrency, scaleOf } from '../../src/money/currency.ts'

/** Metals, units of funds and test codes, whose number of decimals is "N.A." in ISO 4217. */
const WITHOUT_DECIMALS = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ')

test('each currency has the decimals that ISO 4217 published in June 2024', () => {
  const listed = data.filter(({ code }) => !WITHOUT_DECIMALS.includes(code))
  expect(listed.length).toBeGreaterThan(160)
  expect(listed.map(({ code }) => [code, scaleOf(code)])).toEqual(
    listed.map(({ code, digits }) => [code, digits]),
  )
})

test.each(['XCG', 'ZWG', 'HRK', 'SLL', 'ZWL'])(
  '%s, which was added or withdrawn since, has 2 decimals',
  (code) => {
    expect(scaleOf(code)).toBe(2)
  },
)

test.each([...WITHOUT_DECIMALS, 'usd', 'EURO', '', 'toString', undefined, 840])(
  '%s is not a currency',
  (code) => {
    expect(isCurrency(code)).toBe(false)
  },
)
