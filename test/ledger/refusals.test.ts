import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import * as errors from '../../src/errors.ts'
import * as daybook from '../../src/index.ts'
import { LIMIT } from '../../src/money/money.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()
const { Decimal, Decimal128 } = daybook

beforeEach(async () => {
  const accounts = [
    { accountId: 'A', currency: 'USD', openingBalance: '100' },
    { accountId: 'B', currency: 'USD' },
    { accountId: 'FROZEN', currency: 'USD', openingBalance: '100' },
    { accountId: 'YEN', currency: 'JPY', openingBalance: '100' },
    { accountId: 'RICH', currency: 'USD', openingBalance: LIMIT.minus('0.01') },
  ]
  await Promise.all(accounts.map((account) => Account.open({ holder: 'someone', ...account })))
  await connection
    .collection<{ _id: string }>('accounts')
    .updateOne({ _id: 'FROZEN' }, { $set: { status: 'frozen' } })
  await Account.transfer({ transferId: 'USED', from: 'A', to: 'B', amount: '1' })
})

const validRequest = { transferId: 'T1', from: 'A', to: 'B', amount: '1' }

const cases: [code: daybook.RefusalCode, description: string, change: object][] = [
  ['INVALID_TRANSFER_ID', 'an empty id', { transferId: '' }],
  ['INVALID_TRANSFER_ID', 'an operator object as id', { transferId: { $gt: '' } }],
  ['INVALID_TRANSFER_ID', 'an id of 129 characters', { transferId: 'x'.repeat(129) }],
  ['INVALID_TRANSFER_ID', 'an id with a right-to-left mark', { transferId: 'T\u200f1' }],
  ['INVALID_TRANSFER_ID', 'an id with a NUL', { transferId: 'T\u0000' }],
  ['INVALID_TRANSFER_ID', 'the id of a reversal', { transferId: 'T1:reversal' }],
  ['INVALID_ACCOUNT_ID', 'an operator object as sender', { from: { $ne: null } }],
  ['INVALID_ACCOUNT_ID', 'no receiver', { to: undefined }],
  ['INVALID_ACCOUNT_ID', 'a space at the end of the receiver', { to: 'B ' }],
  ['INVALID_REFERENCE', 'a reference that is not a text', { reference: 7 }],
  ['INVALID_METADATA', 'a key with a dollar', { metadata: { $where: '1' } }],
  ['INVALID_METADATA', 'a key with a dot', { metadata: { 'a.b': 1 } }],
  [
    'INVALID_METADATA',
    'a key that every prototype has',
    { metadata: JSON.parse('{"__proto__":1}') as object },
  ],
  ['INVALID_METADATA', 'a key with a meaning in BSON', { metadata: { _bsontype: 'Long' } }],
  ['INVALID_METADATA', 'a Map', { metadata: new Map([['$where', 1]]) }],
  ['INVALID_METADATA', 'half a character', { metadata: { a: 'x\ud800' } }],
  ['INVALID_METADATA', 'a nested value', { metadata: { a: { b: 1 } } }],
  ['INVALID_EFFECTIVE_AT', 'a date that is a text', { effectiveAt: '2026-01-15' }],
  ['INVALID_EFFECTIVE_AT', 'a date that is not valid', { effectiveAt: new Date('typo') }],
  ['INVALID_EFFECTIVE_AT', 'a date before the year 1', { effectiveAt: new Date('0000-12-31') }],
  ['INVALID_EFFECTIVE_AT', 'a date after 9999', { effectiveAt: new Date('+010000-01-01') }],
  ['INVALID_EFFECTIVE_AT', 'a number', { effectiveAt: 0 }],
  ['INVALID_EFFECTIVE_AT', 'an operator object', { effectiveAt: { $gt: new Date() } }],
  ...[
    ['0', 'zero'],
    ['-5', 'a negative amount'],
    ['NaN', 'NaN'],
    [NaN, 'NaN as a number'],
    ['1e3', 'an exponent'],
    ['0.001', 'too many decimals'],
    ['abc', 'letters'],
    ['', 'an empty text'],
    ['1,000', 'a grouping comma'],
    ['١٢', 'other digits than 0–9'],
    ['Infinity', 'Infinity'],
    [0.5, 'a fraction as a JS number'],
    [2 ** 53, 'an unsafe integer'],
    [{ $gt: '' }, 'an operator object as amount'],
    [null, 'null'],
    [{ _bsontype: 'Decimal128' }, 'an object that only looks like a Decimal128'],
    [{ toStringTag: '[object Decimal]' }, 'an object that only looks like a Decimal'],
    [LIMIT, 'the limit'],
    ['9'.repeat(40), 'more than 34 digits'],
    [Decimal128.fromString('NaN'), 'a Decimal128 of NaN'],
    [new Decimal(Infinity), 'a Decimal of Infinity'],
  ].map(([amount, description]): [daybook.RefusalCode, string, object] => [
    'INVALID_AMOUNT',
    description as string,
    { amount },
  ]),
  ['SAME_ACCOUNT', 'the sender as receiver', { to: 'A' }],
  ['TRANSFER_CONFLICT', 'a used id with another amount', { transferId: 'USED', amount: '2' }],
  ['ACCOUNT_NOT_FOUND', 'an unknown sender', { from: 'NOBODY' }],
  ['ACCOUNT_NOT_FOUND', 'an unknown receiver', { to: 'NOBODY' }],
  ['ACCOUNT_NOT_OPEN', 'a frozen sender', { from: 'FROZEN' }],
  ['ACCOUNT_NOT_OPEN', 'a frozen receiver', { to: 'FROZEN' }],
  ['CURRENCY_MISMATCH', 'a receiver in another currency', { to: 'YEN' }],
  ['CURRENCY_MISMATCH', 'another currency than that of the accounts', { currency: 'EUR' }],
  ['CURRENCY_MISMATCH', 'an operator object as currency', { currency: { $gt: '' } }],
  ['INSUFFICIENT_FUNDS', 'more than the sender has', { amount: '99.01' }],
  ['BALANCE_OUT_OF_RANGE', 'a balance at the limit', { to: 'RICH' }],
]

describe('a refusal', () => {
  test.each(cases)('is %s for %s', async (code, _description, change) => {
    const request = { ...validRequest, ...change } as daybook.TransferRequest
    const before = await connection.collection('accounts').find().sort({ _id: 1 }).toArray()

    await expect(Account.transfer(request)).rejects.toMatchObject({ code })
    const [result] = await Account.transferMany([request])
    expect(result).toMatchObject({ status: 'refused', code })

    expect(await connection.collection('accounts').find().sort({ _id: 1 }).toArray()).toEqual(
      before,
    )
    expect(await Transfer.countDocuments()).toBe(1)
  })

  test('names the first reason in order of precedence', async () => {
    const faults: [code: daybook.RefusalCode, change: object][] = [
      ['INVALID_TRANSFER_ID', { transferId: '' }],
      ['INVALID_ACCOUNT_ID', { from: '' }],
      ['INVALID_REFERENCE', { reference: '' }],
      ['INVALID_METADATA', { metadata: [] }],
      ['INVALID_EFFECTIVE_AT', { effectiveAt: new Date(NaN) }],
      ['INVALID_AMOUNT', { amount: '0.001' }],
      ['SAME_ACCOUNT', { from: 'YEN', to: 'YEN' }],
    ]
    for (const [index, [code]] of faults.entries()) {
      const change = Object.assign(
        {},
        ...faults
          .slice(index)
          .map(([, fault]) => fault)
          .toReversed(),
      )
      const [result] = await Account.transferMany([{ ...validRequest, ...change }])
      expect(result).toMatchObject({ code })
    }
    const later: [daybook.RefusalCode, object][] = [
      ['TRANSFER_CONFLICT', { transferId: 'USED', to: 'NOBODY' }],
      ['ACCOUNT_NOT_FOUND', { from: 'FROZEN', to: 'NOBODY' }],
      ['ACCOUNT_NOT_OPEN', { from: 'FROZEN', to: 'YEN' }],
      ['CURRENCY_MISMATCH', { to: 'YEN', amount: '1000000' }],
      ['INSUFFICIENT_FUNDS', { to: 'RICH', amount: '1000000' }],
    ]
    for (const [code, change] of later) {
      const [result] = await Account.transferMany([{ ...validRequest, ...change }])
      expect(result).toMatchObject({ code })
    }
  })

  test('has its own exported class for each code', async () => {
    const results = await Account.transferMany(
      cases.map(([, , change]) => ({ ...validRequest, ...change })),
    )
    const exported = new Set<unknown>(Object.values(daybook))
    const classOf = new Map<string, unknown>()
    for (const result of results) {
      if (result.status !== 'refused') throw new Error('expected refusals only')
      expect(result.error).toBeInstanceOf(daybook.TransferRefusedError)
      expect(exported).toContain(result.error.constructor)
      classOf.set(result.code, result.error.constructor)
    }
    expect(new Set(classOf.values()).size).toBe(classOf.size)
  })
})

/** What the constructors of all refusal classes read. */
const details = {
  fields: ['amount'],
  accountId: 'A',
  currency: 'USD',
  available: new Decimal(0),
  needed: new Decimal(1),
  remaining: new Decimal(0),
  held: new Decimal(1),
  balance: new Decimal(1),
  limit: LIMIT,
}

/** One error of each refusal class that a module exports. */
const refusalsOf = (module: object): daybook.LedgerError[] =>
  Object.values(module).flatMap((exported: unknown) =>
    typeof exported === 'function' &&
    exported.prototype instanceof daybook.LedgerError &&
    exported !== daybook.TransferRefusedError
      ? [Reflect.construct(exported, [details]) as daybook.LedgerError]
      : [],
  )

const refusals = refusalsOf(errors)

describe('the refusal codes', () => {
  test('of transfers are those of their classes, in order of precedence', () => {
    expect(errors.REFUSAL_CODES).toEqual([
      'INVALID_TRANSFER_ID',
      'INVALID_HOLD_ID',
      'INVALID_ACCOUNT_ID',
      'INVALID_REFERENCE',
      'INVALID_METADATA',
      'INVALID_EFFECTIVE_AT',
      'INVALID_EXPIRES_AT',
      'INVALID_FIELD',
      'INVALID_AMOUNT',
      'SAME_ACCOUNT',
      'TRANSFER_CONFLICT',
      'HOLD_CONFLICT',
      'HOLD_NOT_FOUND',
      'HOLD_NOT_ACTIVE',
      'HOLD_EXCEEDED',
      'ACCOUNT_NOT_FOUND',
      'ACCOUNT_NOT_OPEN',
      'CURRENCY_MISMATCH',
      'INSUFFICIENT_FUNDS',
      'BALANCE_OUT_OF_RANGE',
      'LINKED_TRANSFER_REFUSED',
    ])
    const transferRefusals = refusals.filter(
      (error) => error instanceof daybook.TransferRefusedError,
    )
    expect(transferRefusals.map(({ code }) => code).toSorted()).toEqual(
      errors.REFUSAL_CODES.toSorted(),
    )
  })

  test('belong to classes that the package exports', () => {
    const exported = refusalsOf(daybook)
    expect(new Set(exported.map(({ code }) => code))).toEqual(
      new Set(refusals.map(({ code }) => code)),
    )
  })

  test.each(refusals)('$code has a section in docs/refusals.md', async ({ code, docs }) => {
    const document = await readFile(new URL('../../docs/refusals.md', import.meta.url), 'utf8')
    expect(document).toMatch(new RegExp(`^## ${code}$`, 'm'))
    expect(docs).toBe(`docs/refusals.md#${code.toLowerCase()}`)
  })
})
