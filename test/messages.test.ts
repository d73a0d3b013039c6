import mongoose from 'mongoose'
import { describe, expect, test } from 'vitest'
import { named, printable, printableLines, quote } from '../src/messages.ts'
import { Decimal } from '../src/money/money.ts'

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

/** Nested deeper than any stack. */
const deep: unknown = Array.from({ length: 1_000_000 }).reduce((inner) => ({ inner }), {})

const fail = () => {
  throw new Error('the message must not run this')
}

describe('quote', () => {
  test.each([
    ['a text', 'Ada', '"Ada"'],
    ['a number', 0.1, '0.1'],
    ['a bigint', -12n, '-12'],
    ['nothing', undefined, 'undefined'],
    ['an object', { id: 7, tags: ['a', null] }, '{"id":7,"tags":["a",null]}'],
    ['an object without a prototype', Object.create(null), '{}'],
    ['a value of decimal.js', new Decimal('-12.50'), '"-12.5"'],
    ['a Decimal128', new mongoose.Types.Decimal128('NaN'), '{"$numberDecimal":"NaN"}'],
    ['a class', new Map(), '[Map]'],
    [
      'a few bytes',
      new mongoose.mongo.Binary(Buffer.from('abc')),
      '{"$binary":{"base64":"YWJj","subType":"00"}}',
    ],
    ['a date', { at: new Date(NaN) }, '{"at":"Invalid Date"}'],
    ['an expression with a flag that BSON lacks', /a/g, '[RegExp]'],
  ])('prints %s', (_what, value, expected) => {
    expect(quote(value)).toBe(expected)
  })

  test('prints control, invisible and turning characters as escapes', () => {
    expect(quote('\u001B[2J\u0007\u009B\u202E\u3164\u{E0041}')).toBe(
      String.raw`"\u001b[2J\u0007\u009b\u202e\u3164\udb40\udc41"`,
    )
  })

  test.each([
    ['a getter', Object.defineProperty({}, 'a', { get: fail, enumerable: true }), '{"a":[getter]}'],
    ['toJSON', { toJSON: fail }, '{"toJSON":function}'],
    ['a proxy', new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail }), '[Proxy]'],
    ['a proxy of a date', { at: new Proxy(new Date(), { get: fail }) }, '{"at":[Proxy]}'],
    ['a tag', { [Symbol.toStringTag]: 1 }, '{}'],
    ['an object that poses as one of BSON', { _bsontype: 'Long' }, '{"_bsontype":"Long"}'],
  ])('does not run the code of %s', (_what, value, expected) => {
    expect(quote(value)).toBe(expected)
  })

  // Each would take minutes, or end in an error, if it were printed whole before it is cut.
  test.each<[string, unknown, string | RegExp]>([
    ['a cycle', cyclic, /^\{"self":\{"self":.{60,}…$/],
    ['deep nesting', deep, /^\{"inner":\{"inner":.{50,}…$/],
    ['a bigint of 60 million digits', 1n << 200_000_000n, 'a bigint of more than 100 digits'],
    ['a large exponent', new Decimal('1e9000000000000000'), '"1e+9000000000000000"'],
    ['a small exponent', new Decimal('-1e-9000000000000000'), '"-1e-9000000000000000"'],
    [
      'many digits',
      Object.assign(new Decimal(7), {
        d: Object.assign([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7], { length: 2 ** 31 }),
      }),
      /^"7.*…$/,
    ],
    ['a long array', Object.assign([], { length: 2 ** 31 }), /^\[null,null,.*…$/],
    ['a long text', 'x'.repeat(2 ** 24), /^"x{78}…$/],
    ['a large Binary', new mongoose.mongo.Binary(Buffer.alloc(2 ** 24)), '[Binary]'],
  ])('prints the beginning of %s', (_what, value, expected) => {
    expect(quote(value)).toMatch(expected)
    expect(quote(value).length).toBeLessThanOrEqual(80)
  })
})

describe('named', () => {
  test('leaves a printable name as it is', () => {
    expect(named('Ada')).toBe('Ada')
    expect(named('می‌خواهم')).toBe('می‌خواهم')
  })

  test.each([
    ['nothing', ''],
    ['the end of a line', 'a\nb'],
    ['an escape', '\u001B[2J'],
    ['a long text', 'x'.repeat(300)],
    ['no text', undefined],
  ])('quotes %s', (_what, value) => {
    expect(named(value)).toBe(quote(value))
  })
})

describe('printable', () => {
  test('escapes what a terminal acts on, and keeps the joiners', () => {
    expect(printable('a\u001B\u0085\u202E\n\u200D')).toBe('a\\u001b\\u0085\\u202e\\u000a\u200D')
  })

  test('keeps the ends of lines where there may be several', () => {
    expect(printableLines('a\r\n\u0007b')).toBe('a\\u000d\n\\u0007b')
  })
})
