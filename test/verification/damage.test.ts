import mongoose from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { Decimal128, type VerifyOptions, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { Double, Long } = mongoose.mongo
const { connection, Account } = useDatabase()

const accounts = connection.collection<{ _id: string }>('accounts')
const transfers = connection.collection<{ _id: string }>('transfers')

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  for (const transferId of ['T1', 'T2', 'T3']) {
    await Account.transfer({ transferId, from: 'A', to: 'B', amount: '10', metadata: { n: 1 } })
  }
})

type Books = typeof accounts

/** Writes what the validators would refuse. */
const set = (collection: Books, _id: string, $set: object) =>
  collection.updateOne({ _id }, { $set }, { bypassDocumentValidation: true })

/** Stores a document again with other fields, `_id` among them. */
async function replace(collection: Books, _id: string, fields: object): Promise<void> {
  const document = await collection.findOne({ _id }, { promoteValues: false })
  await collection.deleteOne({ _id })
  await collection.insertOne(Object.assign(document as object, fields) as { _id: string }, {
    bypassDocumentValidation: true,
  })
}

const decimal = (text: string) => Decimal128.fromString(text)

const kindsAndMessages = async (options?: VerifyOptions) =>
  (await verify(connection, options)).violations.map(({ kind, message }) => `${kind}: ${message}`)

describe('verify', () => {
  test.each([
    [
      'a balance of NaN',
      () => set(accounts, 'A', { balance: decimal('NaN') }),
      'money: account A has the balance NaN (decimal)',
    ],
    [
      'a balance of Infinity',
      () => set(accounts, 'A', { balance: decimal('Infinity') }),
      'money: account A has the balance Infinity (decimal)',
    ],
    [
      'a balance stored as a double',
      () => set(accounts, 'A', { balance: new Double(70) }),
      'money: account A has the balance 70 (double)',
    ],
    [
      'an overdraft limit of minus zero',
      () => set(accounts, 'A', { overdraftLimit: decimal('-0.00') }),
      'money: account A has the overdraftLimit -0.00 (decimal)',
    ],
    [
      'a balance out of range',
      () => set(accounts, 'B', { balance: decimal('1000000000000000000000000.00') }),
      'money: account B has the balance 1000000000000000000000000.00 (decimal), which is not below',
    ],
    [
      'an amount of NaN',
      () => set(transfers, 'T2', { amount: decimal('NaN') }),
      'money: transfer T2 has the amount NaN (decimal)',
    ],
    [
      'an amount below zero',
      () => set(transfers, 'T2', { amount: decimal('-10.00') }),
      'money: transfer T2 has the amount -10.00 (decimal), which is not above zero',
    ],
    [
      'a balance of a transfer that is missing',
      () =>
        transfers.updateOne(
          { _id: 'T2' },
          { $unset: { toBalance: 1 } },
          { bypassDocumentValidation: true },
        ),
      'money: transfer T2 has the toBalance missing',
    ],
    [
      'a count stored as a double',
      () => set(accounts, 'A', { transferCount: new Double(3) }),
      'field: account A has the transferCount 3 (double)',
    ],
    [
      'a count below zero',
      () => set(accounts, 'A', { transferCount: -1 }),
      'field: account A has the transferCount -1 (int)',
    ],
    [
      'a sequence stored as a double',
      () => set(transfers, 'T2', { fromSequence: new Double(2) }),
      'field: transfer T2 has the fromSequence 2 (double)',
    ],
    [
      'a sequence that is a text',
      () => set(transfers, 'T2', { toSequence: '2' }),
      'field: transfer T2 has the toSequence "2" (string)',
    ],
    [
      'a sequence of NaN',
      () => set(transfers, 'T2', { toSequence: Number.NaN }),
      'field: transfer T2 has the toSequence NaN (double)',
    ],
    [
      'a sender that is a number',
      () => set(transfers, 'T2', { fromAccount: 7 }),
      'field: transfer T2 has the fromAccount 7 (int)',
    ],
    [
      'a sender that is a list',
      () => set(transfers, 'T2', { fromAccount: ['A'] }),
      'field: transfer T2 has the fromAccount ["A"] (array)',
    ],
    [
      'a sender that is an empty list',
      () => set(transfers, 'T2', { fromAccount: [] }),
      'field: transfer T2 has the fromAccount [] (array)',
    ],
    [
      'a receiver that is null',
      () => set(transfers, 'T2', { toAccount: null }),
      'field: transfer T2 has the toAccount null',
    ],
    [
      'a date that is a text',
      () => set(transfers, 'T2', { postedAt: '2026-01-01' }),
      'field: transfer T2 has the postedAt "2026-01-01" (string)',
    ],
    [
      'an effective date that is a text',
      () => set(transfers, 'T2', { effectiveAt: '2026-01-01' }),
      'field: transfer T2 has the effectiveAt "2026-01-01" (string)',
    ],
    [
      'an effective date beyond the year 9999',
      () => set(transfers, 'T2', { effectiveAt: new Date('+010000-01-01') }),
      'field: transfer T2 has the effectiveAt',
    ],
    [
      'a date of an account that is a number',
      () => set(accounts, 'A', { updatedAt: 7 }),
      'field: account A has the updatedAt 7 (int)',
    ],
    [
      'a currency that does not exist',
      () => set(transfers, 'T2', { currency: 'usd' }),
      'currency: transfer T2 is in "usd" (string), which is not a currency',
    ],
    [
      'a holder that is missing',
      () => set(accounts, 'A', { holder: null }),
      'field: account A has the holder null',
    ],
    [
      'a list of latest transfers that is not of texts',
      () => set(accounts, 'A', { transfersComplete: [1, 2, 3] }),
      'field: account A has the transfersComplete [1,2,3] (array)',
    ],
    [
      'an unknown field of an account',
      () => set(accounts, 'A', { note: 1 }),
      'unknown-field: account A has the field "note"',
    ],
    [
      'an unknown field of a transfer',
      () => set(transfers, 'T2', { note: 1 }),
      'unknown-field: transfer T2 has the field "note"',
    ],
    [
      'a reference with a line end',
      () => set(transfers, 'T2', { reference: 'a\nb' }),
      'field: transfer T2 has the reference "a\\nb" (string)',
    ],
    [
      'metadata that are nested',
      () => set(transfers, 'T2', { metadata: { a: { b: 1 } } }),
      'field: transfer T2 has the metadata',
    ],
    [
      'metadata that are a text',
      () => set(transfers, 'T2', { metadata: 'a' }),
      'field: transfer T2 has the metadata "a" (string)',
    ],
    [
      'a batch that is a number',
      () => set(transfers, 'T2', { batch: 7 }),
      'field: transfer T2 has the batch 7 (int)',
    ],
    [
      'an account whose id is a number',
      () => replace(accounts, 'A', { _id: 7 }),
      'id: account 7 (int) has an _id that is not the id of an account',
    ],
    [
      'a transfer whose id is a number',
      () => replace(transfers, 'T2', { _id: new Long(7) }),
      'id: transfer 7 (long) has an _id',
    ],
    [
      'a transfer whose id has a control character',
      () => replace(transfers, 'T2', { _id: 'T\u001b2' }),
      'id: transfer "T\\u001b2" has an _id',
    ],
    [
      'a transfer from an account to itself',
      () => set(transfers, 'T2', { toAccount: 'A' }),
      'self-transfer: transfer T2 has the account A as both',
    ],
    [
      'an account that was set back to an earlier state',
      () =>
        set(accounts, 'B', {
          balance: decimal('20.00'),
          transferCount: 2,
          transfersComplete: ['T1', 'T2'],
        }),
      'sequence: account B has transfer T3 with the sequence 3, but its transferCount is 2',
    ],
    [
      'a frozen account whose change has no time of its own',
      () => set(accounts, 'A', { status: 'frozen' }),
      'status: account A is frozen, but was open when its latest transfer was posted',
    ],
  ])('finds %s, and names its place', async (_what, spoil, expected) => {
    await spoil()
    expect(await kindsAndMessages()).toContainEqual(expect.stringContaining(expected))
  })

  test('counts what it does not list, and each damaged record only where it is damaged', async () => {
    await set(accounts, 'A', { balance: decimal('NaN'), note: 1 })
    await set(transfers, 'T1', { fromBalance: decimal('91.00') })
    await set(transfers, 'T3', { note: 1 })
    const verification = await verify(connection, { limit: 2 })
    expect(verification).toMatchObject({
      balanced: false,
      totals: {},
      violationCount: 5,
      // T1 stores a wrong balance, so that of T2 does not follow from it.
      violationsByKind: { 'unknown-field': 2, money: 1, balance: 2 },
      violation: verification.violations[0]?.message,
    })
    expect(verification.violations).toHaveLength(2)
    expect(verification.violations[0]).toMatchObject({ collection: 'accounts', id: 'A' })
    expect(JSON.parse(JSON.stringify(verification))).toEqual(verification)
  })

  test('proves only one account, if asked to', async () => {
    await set(accounts, 'A', { balance: decimal('71.00') })
    await expect(verify(connection, { accountId: 'B' })).resolves.toMatchObject({
      balanced: true,
      accounts: 1,
      transfers: 0,
    })
    expect(await kindsAndMessages({ accountId: 'A' })).toEqual([
      'balance: account A has the balance 71.00, but its transfers add up to 70.00',
    ])
    await expect(verify(connection, { accountId: 'NOBODY' })).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_FOUND',
    })
  })

  test('accepts ids of any script, whose order differs between server and program', async () => {
    const ids = ['é', 'z', '\u{1D4B3}', '\uFF5E', '日本', '\u{1F600}']
    for (const accountId of ids) {
      await Account.open({ accountId, holder: 'Ada', currency: 'USD', openingBalance: '100' })
    }
    for (const from of ids) {
      for (const to of ids) {
        if (from !== to) await Account.transfer({ from, to, amount: '1' })
      }
    }
    expect(await verify(connection)).toMatchObject({ balanced: true, accounts: 8, transfers: 33 })
  })
})

describe('verify of many accounts', () => {
  const COUNT = 1_100
  const idAt = (index: number) => `M${String(index).padStart(5, '0')}`

  beforeEach(async () => {
    const openings = Array.from({ length: COUNT }, (_, index) => ({
      accountId: idAt(index),
      holder: 'Ada',
      currency: 'JPY',
      openingBalance: '100',
    }))
    await Promise.all(openings.map((opening) => Account.open(opening)))
    await Account.transferMany(
      openings.map(({ accountId }, index) => ({
        transferId: `R${index}`,
        from: accountId,
        to: idAt((index * 7 + 1) % COUNT),
        amount: '1',
      })),
    )
  })

  test('proves them all, and shows its progress', async () => {
    const progress: number[] = []
    const onProgress = ({ transfers: done }: { transfers: number }) => void progress.push(done)
    const refused = await transfers.countDocuments({ _id: /^R/ })
    expect(await verify(connection, { onProgress })).toMatchObject({
      balanced: true,
      accounts: COUNT + 2,
      transfers: refused + 3,
    })
    expect(progress).toEqual(progress.toSorted((one, other) => one - other))
    expect(progress.at(-1)).toBe(refused + 3)
  })

  test('lists violations in the order of the accounts', async () => {
    for (const index of [3, 600, 1_099]) await set(accounts, idAt(index), { note: 1 })
    await accounts.deleteOne({ _id: idAt(800) })
    const { violations, violationsByKind } = await verify(connection)
    expect(violationsByKind).toEqual({ 'unknown-field': 3, 'missing-account': 1 })
    expect(violations.map(({ id }) => id)).toEqual([idAt(3), idAt(600), 'R800', idAt(1_099)])
  })

  test('stops when it is aborted', async () => {
    const reason = new Error('stopped')
    await expect(verify(connection, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
