import { createRequire } from 'node:module'
import mongoose from 'mongoose'
import { describe, expect, test } from 'vitest'
import { Decimal, Decimal128, plain, withDecimals } from '../../src/index.ts'
import { readDecimal, toDecimal } from '../../src/money/money.ts'

const money = (text: string) => Decimal128.fromString(text)
const _id = new mongoose.Types.ObjectId()
const postedAt = new Date()
const bytes = new Uint8Array([1, 2])
const record = {
  _id,
  postedAt,
  bytes,
  balance: money('93.40'),
  parts: [{ amount: money('-1.10') }, money('0.000'), null, 'x'],
  nested: { reference: 'r', sums: { USD: money('5.00') } },
}

describe('plain', () => {
  test('turns each Decimal128 at any depth into its exact text, and keeps all else', () => {
    expect(plain(record)).toStrictEqual({
      _id,
      postedAt,
      bytes,
      balance: '93.40',
      parts: [{ amount: '-1.10' }, '0.000', null, 'x'],
      nested: { reference: 'r', sums: { USD: '5.00' } },
    })
    expect(record.balance).toBeInstanceOf(Decimal128)
  })

  test('prints no exponent', () => {
    expect(plain([money('1E+3'), money('1E-9')])).toEqual(['1000', '0.000000001'])
  })
})

describe('withDecimals', () => {
  test('turns each Decimal128 at any depth into a Decimal, whose JSON is the exact text', () => {
    const { balance, parts } = withDecimals(record)
    expect(balance.plus('0.60').eq(94)).toBe(true)
    expect(balance).toStrictEqual(new Decimal('93.4'))
    expect(JSON.stringify({ balance, parts })).toBe(
      '{"balance":"93.40","parts":[{"amount":"-1.10"},"0.000",null,"x"]}',
    )
  })
})

describe('a Decimal128 of another copy of bson', () => {
  const load = createRequire(createRequire(import.meta.url).resolve('mongoose'))
  const path = load.resolve('bson')
  const loaded = load.cache[path]
  delete load.cache[path]
  const { Decimal128: OtherDecimal128 } = load(path) as typeof mongoose.mongo.BSON
  load.cache[path] = loaded

  test('is money like our own', () => {
    const foreign = OtherDecimal128.fromString('12.50')
    expect(foreign).not.toBeInstanceOf(Decimal128)
    expect(readDecimal(foreign)).toEqual(new Decimal('12.5'))
    expect(toDecimal(foreign)).toEqual(new Decimal('12.5'))
    expect(plain({ foreign })).toEqual({ foreign: '12.50' })
  })

  test('is not what only has its mark', () => {
    const text = JSON.stringify({ _bsontype: 'Decimal128', bytes: [1, 2] })
    expect(readDecimal(JSON.parse(text))).toEqual({ problem: 'is not a number' })
    expect(plain(JSON.parse(text))).toEqual(JSON.parse(text))
  })
})
