import { beforeEach, describe, expect, test } from 'vitest'
import { Decimal128, type VerifyOptions, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Hold } = useDatabase()

const accounts = connection.collection<{ _id: string }>('accounts')
const holds = connection.collection<{ _id: string }>('holds')
const transfers = connection.collection<{ _id: string }>('transfers')

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.hold({ holdId: 'OPEN', from: 'A', to: 'B', amount: '30' })
  await Hold.capture('OPEN', { amount: '10', transferId: 'C1' })
  await Account.hold({ holdId: 'DONE', from: 'A', to: 'B', amount: '5' })
  await Hold.capture('DONE')
})

const unchecked = { bypassDocumentValidation: true }
const decimal = (text: string) => Decimal128.fromString(text)

const kindsAndMessages = async (options?: VerifyOptions) =>
  (await verify(connection, options)).violations.map(({ kind, message }) => `${kind}: ${message}`)

describe('verify', () => {
  test('accepts holds that are active, captured, released and expired', async () => {
    await Account.hold({ holdId: 'BACK', from: 'A', to: 'B', amount: '5' })
    await Hold.release('BACK')
    expect(await kindsAndMessages()).toEqual([])
    expect(await kindsAndMessages({ accountId: 'A' })).toEqual([])
  })

  test.each([
    [
      'held money that no hold reserves',
      () => accounts.updateOne({ _id: 'B' }, { $set: { held: decimal('1.00') } }, unchecked),
      'hold: account B has 1.00 held, but its active holds reserve 0.00',
    ],
    [
      'held money that is missing',
      () => accounts.updateOne({ _id: 'A' }, { $unset: { held: 1 } }, unchecked),
      'hold: account A has 0.00 held, but its active holds reserve 20.00',
    ],
    [
      'held money below zero',
      () => accounts.updateOne({ _id: 'A' }, { $set: { held: decimal('-1.00') } }, unchecked),
      'money: account A has the held -1.00 (decimal), which is not above zero',
    ],
    [
      'a hold that says it has captured less',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { captured: decimal('1.00') } }, unchecked),
      'hold: hold DONE has captured 1.00, but its transfers add up to 5.00',
    ],
    [
      'a hold that has captured more than it reserved',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { amount: decimal('4.00') } }, unchecked),
      'hold: hold DONE has captured 5.00 of 4.00',
    ],
    [
      'a hold that was removed',
      () => holds.deleteOne({ _id: 'DONE' }),
      'hold: hold DONE is captured by transfers of account A, which has no such hold',
    ],
    [
      'a hold of an account that does not exist',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { fromAccount: 'X' } }, unchecked),
      'hold: hold DONE is of account X, which does not exist',
    ],
    [
      'a hold that is for another account than the one that its captures paid',
      () => holds.updateOne({ _id: 'OPEN' }, { $set: { toAccount: 'C' } }, unchecked),
      'hold: hold OPEN is for account C, but a capture of it paid another one',
    ],
    [
      'a hold in another currency than its account',
      () => holds.updateOne({ _id: 'OPEN' }, { $set: { currency: 'EUR' } }, unchecked),
      'hold: hold OPEN is in EUR, but its account is in USD',
    ],
    [
      'a status that does not say how it ended',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { status: 'released' } }, unchecked),
      'status: hold DONE is released, but all of it is captured',
    ],
    [
      'a field that is unknown',
      () => holds.updateOne({ _id: 'OPEN' }, { $set: { note: 'x' } }, unchecked),
      'unknown-field: hold OPEN has the field "note", which is unknown or repeated',
    ],
    [
      'a transfer that names another hold',
      () => transfers.updateOne({ _id: 'C1' }, { $set: { hold: 'DONE' } }, unchecked),
      'hold: hold OPEN has captured 10.00, but its transfers add up to 0.00',
    ],
  ])('finds %s', async (_what, damage, violation) => {
    await damage()
    expect(await kindsAndMessages()).toContain(violation)
  })

  test('is not misled by holds, captures and releases that go on while it reads', async () => {
    let isDone = false
    const post = async (worker: number) => {
      for (let index = 0; !isDone; index++) {
        const holdId = `${worker}-${index}`
        await Account.hold({ holdId, from: 'A', to: 'B', amount: '1' })
        if (index % 3 > 0) await Hold.capture(holdId)
        else await Hold.release(holdId)
        await Account.transfer({ from: 'B', to: 'A', amount: '1' }).catch(() => undefined)
      }
    }
    const posting = Promise.all([post(1), post(2), post(3)])
    for (let run = 0; run < 4; run++) expect(await kindsAndMessages()).toEqual([])
    isDone = true
    await posting
  })
})
