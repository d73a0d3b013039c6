import { beforeEach, describe, expect, test } from 'vitest'
import { verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const JANUARY = new Date('2026-01-15T10:30:00.123Z')
const request = { transferId: 'T', from: 'A', to: 'B', amount: '1', effectiveAt: JANUARY }

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
})

const stored = (id = 'T') =>
  connection.collection<{ _id: string }>('transfers').findOne({ _id: id })

describe('effectiveAt', () => {
  test('is stored with the transfer, and posting goes by its own clock', async () => {
    const before = Date.now()
    const transfer = await Account.transfer(request)
    expect(transfer.effectiveAt).toEqual(JANUARY)
    expect(transfer.postedAt.getTime()).toBeGreaterThanOrEqual(before)
    expect(JSON.parse(JSON.stringify(transfer))).toMatchObject({
      effectiveAt: '2026-01-15T10:30:00.123Z',
    })
    expect(await stored()).toMatchObject({ effectiveAt: JANUARY, fromSequence: 1 })
    expect((await Transfer.findOne({ effectiveAt: JANUARY }))?._id).toBe('T')
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test.each([undefined, null])('is not stored if it is %s', async (effectiveAt) => {
    await Account.transfer({ ...request, effectiveAt: effectiveAt as undefined })
    expect(await stored()).not.toHaveProperty('effectiveAt')
  })

  test('may be any date of the years 1 to 9999, in any order', async () => {
    const dates = ['9999-12-31T23:59:59.999Z', '1582-10-04', '0001-01-01T00:00:00.000Z']
    const requests = dates.map((date, index) => ({
      ...request,
      transferId: `T${index}`,
      effectiveAt: new Date(date),
    }))
    const results = await Account.transferMany(requests)
    expect(results.map(({ status }) => status)).toEqual(['posted', 'posted', 'posted'])
    const transfers = await Transfer.find().sort({ fromSequence: 1 })
    expect(transfers.map(({ effectiveAt }) => effectiveAt)).toEqual(
      dates.map((date) => new Date(date)),
    )
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('is part of every way to post: alone, in a group, atomically and in the caller’s transaction', async () => {
    const requestOf = (transferId: string) => ({ ...request, transferId })
    await Promise.all(['G1', 'G2', 'G3'].map((id) => Account.transfer(requestOf(id))))
    await Account.transferMany([requestOf('M1'), requestOf('M2')], { atomic: true })
    await connection.transaction(async (session) => {
      await Account.transfer(requestOf('S1'), { session })
    })
    expect(await Transfer.countDocuments({ effectiveAt: JANUARY })).toBe(6)
  })

  test('is as it was at the call, even if the caller changes the date later', async () => {
    const effectiveAt = new Date(JANUARY)
    const posting = Account.transfer({ ...request, effectiveAt })
    effectiveAt.setFullYear(1999)
    await posting
    expect(await stored()).toMatchObject({ effectiveAt: JANUARY })

    const reversing = Transfer.reverse('T', { effectiveAt })
    effectiveAt.setFullYear(2001)
    expect((await reversing).effectiveAt?.getFullYear()).toBe(1999)
  })

  test('may come from another realm, such as a vm context of a test runner', async () => {
    const { runInNewContext } = await import('node:vm')
    const effectiveAt = runInNewContext(`new Date(${JANUARY.getTime()})`) as Date
    expect(effectiveAt).not.toBeInstanceOf(Date)
    expect((await Account.transfer({ ...request, effectiveAt })).effectiveAt).toEqual(JANUARY)
  })

  test('is part of the content: a repeat with the same date returns the first transfer, any other is refused', async () => {
    const first = await Account.transfer(request)
    const again = await Account.transfer({ ...request, effectiveAt: new Date(JANUARY) })
    expect(again.toJSON()).toEqual(first.toJSON())
    const conflict = { code: 'TRANSFER_CONFLICT', fields: ['effectiveAt'] }
    for (const effectiveAt of [undefined, first.postedAt, new Date(JANUARY.getTime() + 1)]) {
      await expect(Account.transfer({ ...request, effectiveAt })).rejects.toMatchObject(conflict)
    }

    const undated = { ...request, transferId: 'U', effectiveAt: undefined }
    const { postedAt } = await Account.transfer(undated)
    await expect(Account.transfer({ ...undated, effectiveAt: postedAt })).rejects.toMatchObject(
      conflict,
    )
  })

  test('of a reversal is its own, and part of its content', async () => {
    await Account.transfer(request)
    const effectiveAt = new Date('2026-02-01')
    const reversal = await Transfer.reverse('T', { effectiveAt })
    expect(reversal.effectiveAt).toEqual(effectiveAt)
    expect((await Transfer.reverse('T', { effectiveAt })).toJSON()).toEqual(reversal.toJSON())
    await expect(Transfer.reverse('T')).rejects.toMatchObject({ fields: ['effectiveAt'] })
    await expect(
      Transfer.reverse('T', { effectiveAt: '2026-02-01' as never }),
    ).rejects.toMatchObject({
      code: 'INVALID_EFFECTIVE_AT',
      message: 'effectiveAt "2026-02-01" is not a valid Date in the years 1 to 9999',
    })
  })

  test('is refused by the server if it is not a date, whichever program writes it', async () => {
    await Account.transfer(request)
    const copy = { ...(await stored()), _id: 'C', effectiveAt: '2026-01-15' }
    await expect(
      connection.collection<{ _id: string }>('transfers').insertOne(copy),
    ).rejects.toMatchObject({ code: 121 })
  })
})
