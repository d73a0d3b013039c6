import { data } from 'currency-codes'
import { expect, test } from 'vitest'
import { isCurrency, scaleOf } from '../../src/money/currency.ts'

/** Metals, funds' units and codes for tests, whose decimals are "N.A." in the list. */
const WITHOUT_DECIMALS = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ')

test('currencies have the decimals of ISO 4217, as published in June 2024', () => {
  const listed = data.filter(({ code }) => !WITHOUT_DECIMALS.includes(code))
  expect(listed.length).toBeGreaterThan(160)
  expect(listed.map(({ code }) => [code, scaleOf(code)])).toEqual(
    listed.map(({ code, digits }) => [code, digits]),
  )
})

test.each(['XCG', 'ZWG', 'HRK', 'SLL', 'ZWL'])('%s came or went since, and has 2', (code) => {
  expect(scaleOf(code)).toBe(2)
})

test.each([...WITHOUT_DECIMALS, 'usd', 'EURO', '', 'toString', undefined, 840])(
  '%s is no currency',
  (code) => {
    expect(isCurrency(code)).toBe(false)
  },
)
