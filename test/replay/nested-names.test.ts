import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/replay/reading/json/json-object.ts'
import { valueAt } from '../../src/replay/reading/json/nested-values.ts'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { booksOf, makeFile, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection } = database
const replayed = replayingOn(database)

/** The answer of an API in the shape of the Berlin Group's. */
const ANSWER = JSON.stringify({
  transactions: {
    booked: [
      {
        transactionId: 'b1',
        bookingDate: '2026-01-02',
        transactionAmount: { amount: '-45.00', currency: 'USD' },
        creditorAccount: { iban: 'A1' },
        remittanceInformationUnstructured: 'shoes',
      },
      {
        transactionId: 'b2',
        bookingDate: '2026-01-03',
        transactionAmount: { amount: '10.5', currency: 'USD' },
        debtorAccount: { iban: 'A2' },
      },
    ],
    pending: [{ transactionAmount: { amount: '-1.00', currency: 'USD' } }],
  },
})
const ANSWER_OPTIONS: Partial<ReplayOptions> = {
  file: 'answer.json',
  at: 'transactions.booked',
  map: {
    amount: 'transactionAmount.amount',
    currency: 'transactionAmount.currency',
    effectiveAt: 'bookingDate',
  },
  set: { account: 'A0', counterparty: '{creditorAccount.iban|debtorAccount.iban}' },
}

describe('in JSON a dotted name', () => {
  test('stands for a value within an object, in map, set and keep', async () => {
    const options = {
      ...ANSWER_OPTIONS,
      keep: ['transactionAmount.currency', 'debtorAccount.iban'],
    }

    const { posted, refused, transfers } = await replayed(ANSWER, options)

    expect({ posted, refused }).toEqual({ posted: ['b1 A0 A1 45', 'b2 A2 A0 10.5'], refused: [] })
    expect(transfers.map(({ effectiveAt }) => effectiveAt)).toEqual(
      ['2026-01-02', '2026-01-03'].map((date) => new Date(date)),
    )
    expect(transfers.map(({ metadata }) => metadata?.['debtorAccount_iban'])).toEqual([
      undefined,
      'A2',
    ])
  })

  test('selects records in where', async () => {
    const rows = ['booked', 'pending'].map((code) => ({
      id: code,
      from: 'A0',
      to: 'A1',
      amount: 1,
      status: { code },
    }))

    const { posted, summary } = await replayed(JSON.stringify(rows), {
      file: 'batch.json',
      where: { 'status.code': 'booked' },
      keep: true,
    })

    expect(posted).toEqual(['booked A0 A1 1'])
    expect(summary).toMatchObject({ skipped: 1 })
  })

  test('is searched for in every object, which may leave it out', async () => {
    const rows = [
      { id: 'T1', from: 'A0', to: 'A1', money: { amount: { $numberDouble: '1.5' } } },
      { id: 'T2', from: 'A0', to: 'A1', money: null },
      { id: 'T3', from: 'A0', to: 'A1', 'money.amount': 2, money: { amount: 3 } },
      { id: 'T4', from: 'A0', to: 'A1', money: { amount: null } },
    ]

    const { posted, refused } = await replayed(JSON.stringify(rows, null, 1), {
      file: 'batch.json',
      map: { amount: 'money.amount' },
    })

    expect(posted).toEqual(['T1 A0 A1 1.5', 'T3 A0 A1 2'])
    expect(refused.map((line) => line.split(' ')[1])).toEqual(['MALFORMED_LINE', 'INVALID_AMOUNT'])
  })

  test('may have the numbers of elements', async () => {
    const row = { id: 'T', legs: [{ account: 'A0' }, { account: 'A1' }], amount: 1 }

    const { posted } = await replayed(JSON.stringify(row), {
      file: 'batch.json',
      map: { from: 'legs.0.account', to: 'legs.1.account' },
    })

    expect(posted).toEqual(['T A0 A1 1'])
  })

  test('is not recognized as that of a role', async () => {
    const row = { id: 'T', from: 'A0', to: 'A1', transaction: { amount: 1 } }

    await expect(
      replayed(JSON.stringify(row), { file: 'batch.json', keep: ['transaction.amount'] }),
    ).rejects.toThrow(/no column was found for "amount"/)
  })

  test('that no object has is an empty value and a warning', async () => {
    const { posted, summary } = await replayed(ANSWER, {
      ...ANSWER_OPTIONS,
      map: { ...ANSWER_OPTIONS.map, reference: 'remittance.text', group: 'bookingDat' },
      where: { 'kind.code': { not: 'FEE' } },
    })

    expect(posted).toHaveLength(2)
    expect(summary.warnings).toEqual([
      'no object has the keys "remittance.text", "bookingDat" (did you mean "bookingDate"?), "kind.code", which the options name: taken for an empty value',
    ])
  })

  test.each(['creditorAccount.iban', 'debtorAccount.iban'])(
    'may be missing in every object if it is one of several, as %s',
    async (name) => {
      const key = name.split('.')[0] as string
      const row = { id: 'T', [key]: { iban: 'A1' }, amount: -1 }

      const { posted } = await replayed(JSON.stringify([row]), {
        file: 'batch.json',
        set: { account: 'A0', counterparty: '{creditorAccount.iban|debtorAccount.iban}' },
      })

      expect(posted).toEqual(['T A0 A1 1'])
    },
  )

  test.each<[string, Partial<ReplayOptions>]>([
    ['all of several', { set: { account: 'A0', counterparty: '{creditor.iban|debtor.iban}' } }],
    [
      'the amounts',
      {
        map: { debit: 'creditor.iban', credit: 'out' },
        set: { account: 'A0', counterparty: 'A1' },
      },
    ],
    ['the date', { map: { ...ANSWER_OPTIONS.map, effectiveAt: 'creditor.iban' } }],
    ['the ids', { idFrom: ['creditor.iban'] }],
  ])('is an error if no object has what every transfer needs: %s', async (_, options) => {
    await expect(replayed(ANSWER, { ...ANSWER_OPTIONS, ...options })).rejects.toThrow(
      /no object has the key "creditor.iban": correct the option that names it/,
    )
  })

  test('can be that of the ids, and the rejects keep the made ones', async () => {
    const rows = [
      { from: 'A0', to: 'A9', amount: 1 },
      { meta: { id: 'T2' }, from: 'A0', to: 'A9', amount: 1 },
      { meta: { id: '' }, from: 'A0', to: 'A9', amount: 1 },
    ]
    const options = { map: { transferId: 'meta.id' } }
    const rejects = await makeFile('rejects.json', '')
    await replayed(JSON.stringify(rows), { ...options, file: 'batch.json', rejects })
    const text = (await readFile(rejects, 'utf8')).replaceAll('"A9"', '"A1"')

    await replay(connection, { ...options, file: await makeFile('fixed.json', text) })

    const { transfers } = (await booksOf(connection)) as { transfers: { _id: string }[] }
    expect(transfers.map(({ _id }) => _id).toSorted()).toEqual([
      'T2',
      'batch.json:1',
      'batch.json:1.3',
    ])
  })
})

test('an object around the transfers is an error that names the option for it', async () => {
  await expect(replayed(ANSWER, { file: 'answer.json' })).rejects.toThrow(
    /if the transfers are in the array "transactions.booked" or "transactions.pending", add --at and its name/,
  )
})

test('objects within the transfers are an error that says how their values are named', async () => {
  await expect(
    replayed(ANSWER, { file: 'answer.json', at: 'transactions.booked' }),
  ).rejects.toThrow(
    /no column was found for "from": .*; a value within an object has a dotted name, such as "transactionAmount.amount", "transactionAmount.currency", "creditorAccount.iban"; no other/,
  )
})

test('the length of a list has no name', () => {
  expect(valueAt({ a: [1], b: { length: 2 } }, 'a.length')).toBeUndefined()
  expect(valueAt({ a: [1], b: { length: 2 } }, 'b.length')).toBe(2)
})

test('every value within an object has a dotted name', () => {
  const object = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant('leaf'),
      fc.dictionary(fc.constantFrom('a', 'a.b', 'b', 'c', '0', ''), tie('value')),
      fc.array(tie('value'), { maxLength: 2 }),
    ),
  })).value
  const pathsIn = (value: unknown): [string[], unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, part]): [string[], unknown][] => [
          [[key], part],
          ...pathsIn(part).map(([path, found]): [string[], unknown] => [[key, ...path], found]),
        ])
      : []
  fc.assert(
    fc.property(object, (value) => {
      const paths = pathsIn(value)
      for (const [path] of paths) {
        const name = path.join('.')
        const same = paths.filter(([other]) => other.join('.') === name)
        expect(same.map(([, found]) => found)).toContain(valueAt(value as JsonObject, name))
      }
    }),
  )
})
