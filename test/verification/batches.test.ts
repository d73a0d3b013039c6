import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Decimal128, replay, verify } from '../../src/index.ts'
import { Books } from '../../src/verification/books.ts'
import { useDatabase } from '../support/database.ts'
import { makeFile, openAccounts } from '../support/batch.ts'

const { connection, Account } = useDatabase()

const batches = connection.collection<{ _id: string }>('batches')
const refusals = connection.collection<{ _id: unknown }>('refusals')
const transfers = connection.collection<{ _id: string }>('transfers')

beforeEach(async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const rows = ['T1,A0,A1,10', 'T2,A1,A0,5', 'T3,A0,NOBODY,1', 'T4,A0,A1,9999', 'T1,A0,A1,10']
  const file = await makeFile('pay.csv', `id,from,to,amount\n${rows.join('\n')}\n`)
  await replay(connection, { file })
})

const set = (update: object) =>
  batches.updateOne({ _id: 'pay.csv' }, update, { bypassDocumentValidation: true })

const RETRY = {
  number: 1,
  lines: 2,
  position: 3,
  posted: 0,
  existing: 0,
  refused: 1,
  startedAt: new Date(),
}

const kindsAndMessages = async () =>
  (await verify(connection)).violations.map(({ kind, message }) => `${kind}: ${message}`)

describe('verify', () => {
  test('proves a batch by its transfers and refusals', async () => {
    expect(await verify(connection)).toMatchObject({
      balanced: true,
      transfers: 2,
      batches: 1,
      refusals: 2,
    })
  })

  test.each([
    [
      'a batch whose transfers were counted wrongly',
      () => set({ $inc: { posted: 1, position: 1, records: 1 } }),
      'batch: batch pay.csv has 3 posted, but 2 transfers name it',
    ],
    [
      'a batch whose sum was changed',
      () => set({ $set: { 'amountByCurrency.USD': Decimal128.fromString('16.00') } }),
      'batch: batch pay.csv has moved 16.00 USD, but the transfers that name it add up to 15.00',
    ],
    [
      'a sum that is a double',
      () => set({ $set: { 'amountByCurrency.USD': 15.5 } }),
      'money: batch pay.csv has the amountByCurrency',
    ],
    [
      'a batch whose counts do not add up',
      () => set({ $inc: { existing: 1 } }),
      'batch: batch pay.csv is at position 5, but has 2 posted, 2 existing, 2 refused and 0 skipped',
    ],
    [
      'a batch that has skipped no line and counts that',
      () => set({ $set: { skipped: 0 } }),
      'field: batch pay.csv has the skipped 0 (int)',
    ],
    [
      'a batch whose skipped lines were counted wrongly',
      () => set({ $set: { skipped: 1 } }),
      'batch: batch pay.csv is at position 5, but has 2 posted, 1 existing, 2 refused and 1 skipped',
    ],
    [
      'a retry without its counts',
      () => set({ $set: { retry: { number: 1, lines: 2 } } }),
      'field: batch pay.csv has the retry',
    ],
    [
      'a retry that ended before its end',
      () => set({ $set: { retry: { ...RETRY, finishedAt: new Date() } } }),
      'batch: batch pay.csv has a retry of 2 lines that ended after 1 of them',
    ],
    [
      'a retry that went past its end',
      () => set({ $set: { retry: { ...RETRY, refused: 3 } } }),
      'batch: batch pay.csv has a retry of 2 lines that is running after 3 of them',
    ],
    [
      'a batch that ended before its end',
      () => set({ $inc: { records: 1 } }),
      'batch: batch pay.csv has the status "finished" (string) at position 5 of 6 records',
    ],
    [
      'a batch that is finished and has no end',
      () => set({ $unset: { finishedAt: 1 } }),
      'status: batch pay.csv has the status "finished" (string), but its finishedAt is missing',
    ],
    [
      'a status that would change what a terminal shows',
      () => set({ $set: { status: 'fini\u001b[2Jshed' } }),
      'status: batch pay.csv has the status "fini\\u001b[2Jshed" (string), but its finishedAt',
    ],
    [
      'a batch with an unknown field',
      () => set({ $set: { note: 1 } }),
      'unknown-field: batch pay.csv has the field "note"',
    ],
    [
      'a count that is a text',
      () => set({ $set: { line: '5' } }),
      'field: batch pay.csv has the line "5" (string)',
    ],
    [
      'a count by code that is wrong',
      () => set({ $inc: { 'refusedByCode.SAME_ACCOUNT': 1 } }),
      'batch: batch pay.csv has 2 refused, but 3 by code',
    ],
    [
      'a batch that was deleted',
      () => batches.deleteOne({ _id: 'pay.csv' }),
      'batch: batch pay.csv does not exist, but 2 transfers name it',
    ],
    [
      'a transfer that was moved to another batch',
      () => transfers.updateOne({ _id: 'T1' }, { $set: { batch: 'other' } }),
      'batch: batch other does not exist, but 1 transfer names it',
    ],
    [
      'a refusal that was deleted',
      () => refusals.deleteOne({ code: 'INSUFFICIENT_FUNDS' }),
      'refusal: batch pay.csv has 2 refused, but 1 refusal names it',
    ],
    [
      'a refusal whose code was changed',
      () =>
        refusals.updateOne(
          { code: 'INSUFFICIENT_FUNDS' },
          {
            $set: { code: 'SAME_ACCOUNT' },
          },
        ),
      'refusal: batch pay.csv has 1 refused as INSUFFICIENT_FUNDS, but 0 refusals name it with this code',
    ],
    [
      'a refusal with a code that does not exist',
      () => refusals.updateOne({ code: 'INSUFFICIENT_FUNDS' }, { $set: { code: 'NO' } }),
      'has the code "NO" (string), which does not exist',
    ],
    [
      'a refusal of a batch that does not exist',
      () =>
        refusals.insertOne({
          _id: { batch: 'x', line: 1 },
          code: 'SAME_ACCOUNT',
          message: 'm',
          row: 'r',
        } as { _id: unknown }),
      'refusal: batch x does not exist, but 1 refusal names it',
    ],
    [
      'a refusal with another key',
      () =>
        refusals.insertOne(
          { _id: 7, code: 'SAME_ACCOUNT', message: 'm', row: 'r' } as { _id: unknown },
          { bypassDocumentValidation: true },
        ),
      'id: refusal 7 (int) has an _id that is not { batch, line, item?, part? }',
    ],
  ])('finds %s', async (_what, spoil, expected) => {
    await spoil()
    expect(await kindsAndMessages()).toContainEqual(expect.stringContaining(expected))
  })
})

/** Does work each time after a verification has read a collection: the next of the works in their order. */
function afterReading(works: readonly (readonly [collection: string, () => Promise<unknown>])[]) {
  const left = [...works]
  const each = Reflect.get(Books.prototype, 'each')
  const spy = vi.spyOn(Books.prototype, 'each')
  spy.mockImplementation(async function (this: Books, collection, ...parameters) {
    await each.call(this, collection, ...parameters)
    if (collection === left[0]?.[0]) await left.shift()?.[1]()
  })
  onTestFinished(() => {
    spy.mockRestore()
  })
}

describe('verify finds no violation', () => {
  const refusedFile = () =>
    makeFile('new.csv', 'id,from,to,amount\nN1,A0,A1,"0,01"\nN2,A0,A1,"0,01"\n')

  test('if a batch begins and starts again while it reads', async () => {
    const file = await refusedFile()
    afterReading([
      ['batches', () => replay(connection, { file })],
      ['refusals', () => replay(connection, { file, decimal: ',' })],
    ])
    expect(await kindsAndMessages()).toEqual([])
    expect(await batches.findOne({ _id: 'new.csv' })).toMatchObject({ posted: 2, refused: 0 })
  })

  test('if a batch is removed, to start again, when its record is read', async () => {
    const file = await refusedFile()
    const remove = () =>
      Promise.all([
        batches.deleteOne({ _id: 'new.csv' }),
        refusals.deleteMany({ '_id.batch': 'new.csv' }),
      ])
    afterReading([
      ['batches', () => replay(connection, { file })],
      ['refusals', remove],
    ])
    expect(await kindsAndMessages()).toEqual([])
  })

  test('if a line is tried again while it reads', async () => {
    const file = await makeFile('again.csv', 'id,from,to,amount\nN1,A0,NOBODY,1\nN2,A0,A1,1\n')
    await replay(connection, { file })
    await Account.open({ accountId: 'NOBODY', holder: 'N', currency: 'USD' })
    afterReading([['refusals', () => replay(connection, { file, retry: true })]])
    expect(await kindsAndMessages()).toEqual([])
    expect(await batches.findOne({ _id: 'again.csv' })).toMatchObject({ posted: 2, refused: 0 })
  })
})
