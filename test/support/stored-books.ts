import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { expect } from 'vitest'
import type { ReferenceAccount, ReferenceHold, ReferenceLedger } from './reference-ledger.ts'
import { textOf, unitsOf } from './reference-rules.ts'

const { BSON } = mongoose.mongo
const { EJSON } = BSON

type Fields = Record<string, unknown> & { readonly _id: string }

/** The accounts, transfers and holds of a database. */
export interface StoredBooks {
  /** The bytes of each document as a text. */
  readonly bytes: ReadonlyMap<string, string>
  readonly accounts: readonly Fields[]
  readonly transfers: readonly Fields[]
  readonly holds: readonly Fields[]
}

/** Reads the books: those that a transaction sees, with its session. */
export async function readBooks(
  connection: Connection,
  session?: ClientSession,
): Promise<StoredBooks> {
  const bytes = new Map<string, string>()
  const read = async (name: string): Promise<Fields[]> => {
    const options = { raw: true, ...(session && { session }) }
    const documents = await connection.collection(name).find({}, options).sort({ _id: 1 }).toArray()
    return (documents as unknown as Buffer[]).map((document) => {
      const text = document.toString('latin1')
      const plain = known.get(text) ?? plainOf(document)
      known.set(text, plain)
      bytes.set(`${name} ${plain._id}`, text)
      return plain
    })
  }
  const accounts = await read('accounts')
  await read('transfer_groups')
  return { bytes, accounts, transfers: await read('transfers'), holds: await read('holds') }
}

/** The documents that were read before, by their bytes: most of them stay as they are. */
const known = new Map<string, Fields>()

function plainOf(bytes: Buffer): Fields {
  const document = BSON.deserialize(bytes, { promoteValues: false })
  return EJSON.parse(EJSON.stringify(document, { relaxed: false }), { relaxed: true }) as Fields
}

/** Expects the same bytes of all documents. */
export function expectUnchanged(after: StoredBooks, before: StoredBooks): void {
  expect([...after.bytes.keys()]).toEqual([...before.bytes.keys()])
  expectSameBytes([...before.bytes.keys()], before, after)
}

/** What the model says is stored, money as text. Times and the ids of documents without one are left out. */
export function expectBooks(books: StoredBooks, ledger: ReferenceLedger): void {
  expect(Object.fromEntries(books.accounts.map(describeAccount))).toEqual(
    Object.fromEntries([...ledger.accounts].map(expectedAccount)),
  )
  expect(Object.fromEntries(books.transfers.map(describeTransfer))).toEqual(
    Object.fromEntries(
      [...ledger.transfers].map(([id, { amount, fromBalance, toBalance, ...transfer }]) => {
        const text = (units: bigint) => textOf(units, transfer.currency)
        const money = [text(amount), text(fromBalance), text(toBalance)]
        return [id, { ...transfer, money, isDated: true }]
      }),
    ),
  )
  expect(Object.fromEntries(books.holds.map(describeHold))).toEqual(
    Object.fromEntries([...ledger.holds].map(expectedHold)),
  )
}

function describeAccount({ _id, ...account }: Fields) {
  const { holder, currency, status, transferCount, transfersComplete } = account
  const money = [
    account['balance'],
    account['openingBalance'],
    account['overdraftLimit'],
    account['held'],
  ].map(String)
  return [_id, { holder, currency, status, transferCount, transfersComplete, money }] as const
}

function describeHold({ _id, fromAccount, toAccount, amount, captured, ...hold }: Fields) {
  const { createdAt, endedAt, ...others } = hold
  const isEndRight = endedAt instanceof Date === (hold['status'] !== 'active')
  const isDated = createdAt instanceof Date && isEndRight
  const money = [amount, captured].map(String)
  return [_id, { from: fromAccount, to: toAccount, money, isDated, ...others }] as const
}

function expectedHold([id, { amount, captured, ...hold }]: [string, ReferenceHold]) {
  const money = [amount, captured].map((units) => textOf(units, hold.currency))
  return [id, { ...hold, money, isDated: true }] as const
}

function expectedAccount([id, account]: [string, ReferenceAccount]) {
  const { holder, currency, status, transfers } = account
  const money = [account.balance, account.openingBalance, account.overdraftLimit].map((units) =>
    textOf(units, currency),
  )
  return [
    id,
    {
      holder,
      currency,
      status,
      transferCount: transfers.length,
      transfersComplete: transfers.slice(-10),
      // Nothing is stored of an account of which nothing is held.
      money: [...money, account.held === 0n ? 'undefined' : textOf(account.held, currency)],
    },
  ] as const
}

function describeTransfer({ _id, ...transfer }: Fields) {
  const { fromAccount, toAccount, amount, fromBalance, toBalance, postedAt, ...others } = transfer
  const isDated = postedAt instanceof Date
  const money = [amount, fromBalance, toBalance].map(String)
  return [_id, { from: fromAccount, to: toAccount, money, isDated, ...others }] as const
}

/**
 * The laws that hold between the books before and after any step, whatever it was. They are checked on the documents
 * themselves, without the model.
 */
export function expectLaws(before: StoredBooks, after: StoredBooks): void {
  const sums = new Map<unknown, bigint>()
  /** The documents that must not have changed. */
  const kept = before.transfers.map(({ _id }) => `transfers ${_id}`)
  const accountsBefore = new Map(before.accounts.map((account) => [account._id, account]))
  for (const account of after.accounts) {
    const earlier = accountsBefore.get(account._id)
    const [balance, opening, limit, held] = moneyOf(account)
    sums.set(account['currency'], (sums.get(account['currency']) ?? 0n) + balance - opening)

    // What is promised counts as paid. The limit is held, unless it was lowered: now, or earlier and nothing was paid since.
    if (balance - held < -limit) {
      const [earlierBalance, , earlierLimit, earlierHeld] = moneyOf(earlier ?? account)
      const isNoLess = balance - held >= earlierBalance - earlierHeld
      expect(earlier && (isNoLess || limit < earlierLimit)).toBe(true)
    }
    if (account['status'] === 'closed') expect([balance, held]).toEqual([0n, 0n])
    expect(held).toBe(heldBy(after.holds, account))

    const relevant = ['balance', 'held', 'status', 'overdraftLimit', 'transferCount']
    const isTouched =
      !earlier || relevant.some((field) => String(account[field]) !== String(earlier[field]))
    if (!isTouched) kept.push(`accounts ${account._id}`)
  }
  expect([...sums.values()].filter((sum) => sum !== 0n)).toEqual([])
  for (const { _id, status } of before.holds) if (status !== 'active') kept.push(`holds ${_id}`)
  expectSameBytes(kept, before, after)
  expect([...before.bytes.keys()].filter((document) => !after.bytes.has(document))).toEqual([])
}

function expectSameBytes(
  documents: readonly string[],
  before: StoredBooks,
  after: StoredBooks,
): void {
  const changed = documents.filter((name) => after.bytes.get(name) !== before.bytes.get(name))
  expect(changed).toEqual([])
}

/** Balance, opening balance, overdraft limit and what is held, in minor units. */
function moneyOf(account: Fields): [bigint, bigint, bigint, bigint] {
  const read = (field: string) => moneyAt(account, field)
  return [read('balance'), read('openingBalance'), read('overdraftLimit'), read('held')]
}

function moneyAt(fields: Fields, field: string): bigint {
  const value = field in fields ? String(fields[field]) : '0'
  const units = unitsOf(value, String(fields['currency']))
  if (units === undefined) throw new Error(`${field} of ${fields._id} is not money`)
  return units
}

/** What the active holds of an account have not captured. */
const heldBy = (holds: readonly Fields[], { _id }: Fields): bigint =>
  holds
    .filter((hold) => hold['fromAccount'] === _id && hold['status'] === 'active')
    .reduce((sum, hold) => sum + moneyAt(hold, 'amount') - moneyAt(hold, 'captured'), 0n)

/** The books without what differs between two runs of the same step: times, and the ids that Daybook makes. */
export function timeless({ accounts, transfers, holds }: StoredBooks): string {
  return timelessText([...accounts, ...transfers, ...holds])
}

const TIMES = new Set(['createdAt', 'updatedAt', 'postedAt', 'endedAt'])

/** Documents as text, without times and without the ids that Daybook makes. */
export const timelessText = (documents: unknown): string =>
  JSON.stringify(documents, (key, value: unknown) =>
    TIMES.has(key) ? undefined : value,
  ).replaceAll(/\b[0-9a-f]{24}\b/g, 'made')
