import { Decimal as OtherDecimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalTextAt, unitsOf } from '../../src/money/decimal128.ts'
import {
  Decimal,
  Decimal128,
  LIMIT,
  formatMoney,
  readDecimal,
  toDecimal,
  toDecimal128,
} from '../../src/money/money.ts'

const outOfRange = { problem: `is not below ${LIMIT} in magnitude` }
const tooLong = { problem: 'has more than 64 decimals' }

describe('toDecimal', () => {
  test('has the same parts as a value that decimal.js reads from text', () => {
    const units = fc.oneof(
      fc.bigInt({ min: -(2n ** 53n) - 2n, max: 2n ** 53n + 2n }),
      fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }),
      fc.integer({ min: -1_000, max: 1_000 }).map(BigInt),
      fc.nat({ max: 15 }).map((exponent) => 10n ** BigInt(exponent)),
    )
    const property = fc.property(units, fc.integer({ min: -3, max: 10 }), (digits, scale) => {
      const stored = Decimal128.fromString(`${digits}E${-scale}`)
      expect(toDecimal(stored)).toEqual(new Decimal(stored.toString()))
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  test.each(['0', '-0', '-0.00', '0.0000000', 'NaN', 'Infinity', '-Infinity'])(
    'converts %s as decimal.js does',
    (text) => {
      const stored = Decimal128.fromString(text)
      expect(toDecimal(stored)).toEqual(new Decimal(text))
    },
  )
})

describe('readDecimal', () => {
  test('reads the same value from each type that can express it', () => {
    const units = fc.bigInt({ min: -(10n ** 24n) + 1n, max: 10n ** 24n - 1n })
    const property = fc.property(units, fc.nat({ max: 6 }), (digits, scale) => {
      const value = new Decimal(digits.toString()).div(new Decimal(10).pow(scale))
      for (const input of [value, value.toFixed(), new Decimal128(value.toFixed())]) {
        expect(readDecimal(input)).toEqual(value)
      }
      expect(readDecimal(new OtherDecimal(value.toFixed()))).toEqual(value)
      if (scale === 0) expect(readDecimal(digits)).toEqual(value)
    })
    fc.assert(property)
  })

  // Each of these values is short, and would take minutes or all memory if its digits were written.
  test.each<[string, unknown, { problem: string }]>([
    ['a large exponent', new Decimal('1e9000000000000000'), outOfRange],
    ['a large exponent below zero', new OtherDecimal('-1e20000000'), outOfRange],
    ['a small exponent', new Decimal('1e-9000000000000000'), tooLong],
    [
      'more digits than memory',
      Object.assign(new Decimal(7), { d: Object.assign([], { length: 2 ** 31 }) }),
      tooLong,
    ],
    ['a bigint of 60 million digits', 1n << 200_000_000n, outOfRange],
    ['such a bigint below zero', -(1n << 200_000_000n), outOfRange],
    ['a Decimal that is not finite', new Decimal(NaN), { problem: 'is not a finite number' }],
    [
      'a text of 2^24 digits',
      '1'.repeat(2 ** 24),
      { problem: 'is not a plain decimal number such as 12.50' },
    ],
  ])('refuses %s before its digits are written', (_what, value, problem) => {
    expect(readDecimal(value)).toEqual(problem)
  })

  test('refuses an object that only looks like a Decimal', () => {
    const object: object = Object.assign(Object.create(Decimal.prototype) as object, {
      e: 1,
      d: [],
    })
    Object.assign(object, { toFixed: () => object })
    expect(readDecimal(object)).toEqual({ problem: 'is not a number' })
  })
})

describe('toDecimal128', () => {
  const scales = { JPY: 0, USD: 2, KWD: 3, CLF: 4 }
  const currencies = fc.constantFrom(...(Object.keys(scales) as (keyof typeof scales)[]))
  const magnitudes = fc.oneof(
    fc.bigInt({ min: 0n, max: 10n ** 28n }),
    fc.bigInt({ min: 0n, max: 10n ** 17n }),
    fc.bigInt({ min: 0n, max: 10_000n }),
    // Around the largest whole number that a JS number holds.
    fc.bigInt({ min: 0n, max: 1_000n }).map((more) => 2n ** 53n - 500n + more),
  )

  test('has the bytes of the text with the decimals of the currency, and the same units', () => {
    const law = (currency: keyof typeof scales, magnitude: bigint, isNegative: boolean) => {
      const units = isNegative ? -magnitude : magnitude
      const value = new Decimal(units.toString()).div(10 ** scales[currency])
      const stored = toDecimal128(value, currency)
      const expected = Decimal128.fromString(formatMoney(value.plus(0), currency))
      expect([...stored.bytes]).toEqual([...expected.bytes])
      expect(unitsOf(stored)).toBe(units)
    }
    fc.assert(fc.property(currencies, magnitudes, fc.boolean(), law), { numRuns: 300 })
    const zero = toDecimal128(new Decimal('-0'), 'USD')
    expect([...zero.bytes]).toEqual([...Decimal128.fromString('0.00').bytes])
  })

  test.each(['0.001', '0.10000001', '12345678901234567890.123', '1e-30'])(
    'refuses %s, which has more decimals than its currency',
    (text) => {
      expect(() => toDecimal128(new Decimal(text), 'USD')).toThrow('has more than the 2 decimals')
    },
  )
})

test('decimalTextAt writes any Decimal128 as its toString() does', () => {
  const anyUnits = fc.oneof(fc.bigInt(-(10n ** 33n), 10n ** 33n), fc.bigInt(-1000n, 1000n))
  const anyValue = fc.tuple(anyUnits, fc.integer({ min: -40, max: 40 }))
  const special = ['NaN', 'Infinity', '-Infinity', '-0', '0E+3', '0.000', '9007199254740993.01']
  const anyText = fc.oneof(
    { weight: 9, arbitrary: anyValue.map(([units, exponent]) => `${units}E${exponent}`) },
    fc.constantFrom(...special),
  )
  fc.assert(
    fc.property(anyText, fc.nat(9), (text, offset) => {
      const stored = Decimal128.fromString(text)
      const bytes = Buffer.concat([Buffer.alloc(offset, 1), stored.bytes, Buffer.alloc(3, 1)])

      expect(decimalTextAt(bytes, offset)).toBe(stored.toString())
    }),
    { numRuns: 1_000 },
  )
})
