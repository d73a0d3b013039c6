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
  await Account.hold({ holdId: 'BACK', from: 'A', to: 'B', amount: '5' })
  await Hold.release('BACK')
})

const EARLY = new Date('2001-01-01')
const LATE = new Date('2999-01-01')

const unchecked = { bypassDocumentValidation: true }
const decimal = (text: string) => Decimal128.fromString(text)

const kindsAndMessages = async (options?: VerifyOptions) =>
  (await verify(connection, options)).violations.map(({ kind, message }) => `${kind}: ${message}`)

describe('verify', () => {
  test('accepts holds that are active, captured, released and expired', async () => {
    await Account.hold({ holdId: 'GONE', from: 'A', to: 'B', amount: '5', expiresAt: LATE })
    await holds.updateOne({ _id: 'GONE' }, { $set: { expiresAt: new Date() } })
    expect(await Hold.expire()).toBe(1)
    expect(await verify(connection)).toMatchObject({ violations: [], holds: 4 })
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
      'a hold from before its account',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { createdAt: EARLY } }),
      'time: hold DONE was placed before its account was opened',
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
      'an expiry of a hold that has none',
      () => holds.updateOne({ _id: 'BACK' }, { $set: { status: 'expired' } }, unchecked),
      'status: hold BACK is expired, but has no expiresAt',
    ],
    [
      'a hold that expired before its time',
      () =>
        holds.updateOne(
          { _id: 'BACK' },
          { $set: { status: 'expired', endedAt: EARLY, createdAt: EARLY, expiresAt: LATE } },
          unchecked,
        ),
      'time: hold BACK has the endedAt 2001-01-01T00:00:00.000Z, which is before its expiresAt 2999-01-01T00:00:00.000Z',
    ],
    [
      'a hold that ended before it was placed',
      () => holds.updateOne({ _id: 'BACK' }, { $set: { endedAt: EARLY } }, unchecked),
      /^time: hold BACK has the endedAt 2001-.*, which is before its createdAt /,
    ],
    [
      'a hold that was placed after its capture',
      () => holds.updateOne({ _id: 'OPEN' }, { $set: { createdAt: LATE } }, unchecked),
      'hold: hold OPEN was placed at 2999-01-01T00:00:00.000Z, after its capture C1',
    ],
    [
      'a hold that was released before its capture',
      () =>
        holds.updateOne(
          { _id: 'OPEN' },
          { $set: { status: 'released', createdAt: EARLY, endedAt: EARLY } },
          unchecked,
        ),
      'hold: hold OPEN ended at 2001-01-01T00:00:00.000Z, before its capture C1',
    ],
    [
      'an end that is not that of the last capture',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { endedAt: LATE } }, unchecked),
      /^hold: hold DONE ended at 2999-.*, but its last capture DONE:capture was posted at /,
    ],
    [
      'a final capture that is another transfer',
      () => holds.updateOne({ _id: 'DONE' }, { $set: { finalCapture: 'C1' } }, unchecked),
      'hold: hold DONE has the finalCapture C1, but its last one is DONE:capture',
    ],
    [
      'a hold that was captured without a transfer',
      () =>
        holds.updateOne(
          { _id: 'BACK' },
          { $set: { status: 'captured', finalCapture: 'C1' } },
          unchecked,
        ),
      'status: hold BACK is captured, but nothing of it is',
    ],
    [
      'a hold for an account that does not exist',
      () => holds.updateOne({ _id: 'BACK' }, { $set: { toAccount: 'X' } }, unchecked),
      'missing-account: hold BACK is for account X, which does not exist',
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
    expect(await kindsAndMessages()).toContainEqual(
      violation instanceof RegExp ? expect.stringMatching(violation) : violation,
    )
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
