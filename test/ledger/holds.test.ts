import mongoose from 'mongoose'
import { beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { accountModel, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Hold, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'SHOP', holder: 'Shop', currency: 'USD' })
})

const request = { holdId: 'H', from: 'ADA', to: 'SHOP', amount: '60' }

const uriOf = () => inject('mongodbUri')

/** What an account has, what of it is held, and what is available. */
const moneyOf = async (accountId: string) => {
  const { balance, held, available } = await Account.findById(accountId).orFail()
  return [balance, held, available].map(String)
}

const statusOf = async (holdId: string) => (await Hold.findById(holdId).orFail()).status

/** Lets the server's clock pass the end of a hold. */
const letExpire = (holdId: string) =>
  connection
    .collection<{ _id: string }>('holds')
    .updateOne({ _id: holdId }, { $set: { expiresAt: new Date(Date.now() - 60_000) } })

describe('Account.hold', () => {
  test('reserves money, and moves none', async () => {
    const hold = await Account.hold({ ...request, reference: 'room 7', metadata: { room: 7 } })
    expect(hold.toJSON()).toMatchObject({
      _id: 'H',
      fromAccount: 'ADA',
      toAccount: 'SHOP',
      amount: '60.00',
      captured: '0.00',
      status: 'active',
      reference: 'room 7',
      metadata: { room: 7 },
    })
    expect(await moneyOf('ADA')).toEqual(['100', '60', '40'])
    expect(await moneyOf('SHOP')).toEqual(['0', '0', '0'])
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('leaves to transfers and other holds only what is available', async () => {
    await Account.hold(request)
    await expect(
      Account.transfer({ from: 'ADA', to: 'SHOP', amount: '40.01' }),
    ).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      message: 'account ADA has 40.00 USD available and 60.00 held, but the transfer needs 40.01',
    })
    await expect(Account.hold({ ...request, holdId: 'H2' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      message: 'account ADA has 40.00 USD available and 60.00 held, but the hold needs 60.00',
    })
    await Account.transfer({ from: 'ADA', to: 'SHOP', amount: '40' })
    expect(await moneyOf('ADA')).toEqual(['60', '60', '0'])
  })

  test('is seen by a transfer that remembers its accounts from before', async () => {
    await Account.transfer({ from: 'ADA', to: 'SHOP', amount: '1' })
    const other = await mongoose.createConnection(uriOf(), { dbName: connection.name }).asPromise()
    const accounts = connection.collection<{ _id: string; updatedAt: Date }>('accounts')
    const before = await accounts.findOne({ _id: 'ADA' })
    await accountModel(other).hold(request)
    await other.close()
    // Both may happen in the same millisecond.
    await accounts.updateOne({ _id: 'ADA' }, { $set: { updatedAt: before?.updatedAt as Date } })
    const payment = { from: 'ADA', to: 'SHOP', amount: '40' }
    await expect(Account.transfer(payment)).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    expect(await moneyOf('ADA')).toEqual(['99', '60', '39'])
  })

  test('costs a transfer between accounts without holds no command and no byte', async () => {
    const commands: { name: string; text: string }[] = []
    connection.getClient().on('commandStarted', ({ commandName, command }) => {
      commands.push({ name: commandName, text: JSON.stringify(command) })
    })
    await Account.transferMany([
      { from: 'ADA', to: 'SHOP', amount: '1' },
      { from: 'ADA', to: 'SHOP', amount: '1000' },
    ])
    expect(commands.filter(({ text }) => text.includes('"holds"'))).toEqual([])
    const updates = commands.filter(({ name }) => name === 'update')
    expect(updates).toHaveLength(1)
    expect(updates[0]?.text).not.toContain('held')
    const stored = await Account.collection.findOne({ _id: 'ADA' } as object)
    expect(stored).not.toHaveProperty('held')
  })

  test('says which number would be too large', async () => {
    const rich = { holder: 'Rich', currency: 'USD' } as const
    const large = `5${'0'.repeat(23)}`
    await Account.open({ ...rich, accountId: 'RICH', openingBalance: large, overdraftLimit: large })
    await Account.open({ ...rich, accountId: 'POOR', overdraftLimit: large })
    const hold = (from: string, holdId: string) =>
      Account.hold({ holdId, from, to: 'SHOP', amount: large })
    await hold('RICH', 'H1')
    await expect(hold('RICH', 'H2')).rejects.toMatchObject({
      code: 'BALANCE_OUT_OF_RANGE',
      message: `what is held of account RICH would become 1${'0'.repeat(24)}: its magnitude must be below 1${'0'.repeat(24)}`,
    })
  })

  test('returns the same hold if it is repeated, whatever became of it', async () => {
    await Account.hold(request)
    expect(await Account.hold(request)).toMatchObject({ _id: 'H', status: 'active' })
    await Hold.release('H')
    expect(await Account.hold(request)).toMatchObject({ _id: 'H', status: 'released' })
    expect(await moneyOf('ADA')).toEqual(['100', '0', '100'])
  })

  test('is refused with the fields that differ if its id has another content', async () => {
    await Account.hold(request)
    const other = { ...request, amount: '1', expiresAt: new Date('2999-01-01'), reference: 'x' }
    await expect(Account.hold(other)).rejects.toMatchObject({
      code: 'HOLD_CONFLICT',
      fields: ['amount', 'expiresAt', 'reference'],
    })
  })

  test('is neither new nor refused while another transaction may still place it', async () => {
    const unknown = { name: 'OutcomeError', outcome: 'not posted' }
    await connection.transaction(async (session) => {
      await Account.hold(request, { session })
      const elsewhere = { ...request, from: 'NOBODY' }
      await expect(Account.hold(elsewhere, { patience: 200 })).rejects.toMatchObject(unknown)
      await expect(Hold.capture('H', { patience: 200 })).rejects.toMatchObject(unknown)
      await expect(Hold.release('H', { patience: 200 })).rejects.toMatchObject(unknown)
    })
    expect(await Hold.release('H')).toMatchObject({ status: 'released' })
  })

  test('cannot be written past the verbs', async () => {
    await Account.hold(request)
    const ofHold = { code: 'HOLD_PROTECTED' }
    await expect(Hold.create({ _id: 'X' } as never)).rejects.toMatchObject(ofHold)
    await expect(Hold.updateOne({}, { captured: '1' })).rejects.toMatchObject(ofHold)
    await expect(Hold.deleteMany({})).rejects.toMatchObject(ofHold)
    const ofAccount = { code: 'PROTECTED_FIELD' }
    const unset = Account.updateOne({ _id: 'ADA' }, { $unset: { held: 1 } })
    await expect(unset).rejects.toMatchObject(ofAccount)
    await expect(Account.aggregate([{ $out: 'holds' }])).rejects.toMatchObject(ofAccount)
  })

  test('shares postings with transfers: concurrent calls take what is available, and no more', async () => {
    const calls = Array.from({ length: 30 }, (_, index) =>
      index % 2
        ? Account.hold({ ...request, holdId: `H${index}`, amount: '7' })
        : Account.transfer({ from: 'ADA', to: 'SHOP', amount: '7' }),
    )
    const done = (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled')
    expect(done).toHaveLength(14)
    const [, , available] = await moneyOf('ADA')
    expect(available).toBe('2')
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })
})

describe('Hold.capture', () => {
  beforeEach(() => Account.hold({ ...request, reference: 'room 7', metadata: { room: 7 } }))

  test('moves the money that was held, once', async () => {
    const [first, second] = [await Hold.capture('H'), await Hold.capture('H')]
    expect(first.toJSON()).toMatchObject({
      _id: 'H:capture',
      amount: '60.00',
      hold: 'H',
      reference: 'room 7',
      metadata: { room: 7 },
    })
    expect(second.toJSON()).toEqual(first.toJSON())
    expect(await moneyOf('ADA')).toEqual(['40', '0', '40'])
    expect(await moneyOf('SHOP')).toEqual(['60', '0', '60'])
    expect((await Hold.findById('H').orFail()).toJSON()).toMatchObject({
      status: 'captured',
      captured: '60.00',
      finalCapture: 'H:capture',
    })
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('takes several parts until the hold is used up', async () => {
    await Hold.capture('H', { amount: '20', transferId: 'C1' })
    expect(await moneyOf('ADA')).toEqual(['80', '40', '40'])
    await Hold.capture('H', { amount: '20', transferId: 'C1' })
    await expect(Hold.capture('H', { amount: '40.01', transferId: 'C2' })).rejects.toMatchObject({
      code: 'HOLD_EXCEEDED',
      message: 'hold H has 40.00 USD left, but the capture needs 40.01',
    })
    await Hold.capture('H', { amount: '40', transferId: 'C2' })
    await expect(Hold.capture('H', { amount: '1', transferId: 'C3' })).rejects.toMatchObject({
      code: 'HOLD_NOT_ACTIVE',
      status: 'captured',
    })
    expect(await moneyOf('ADA')).toEqual(['40', '0', '40'])
  })

  test('releases the rest if it is final', async () => {
    await Hold.capture('H', { amount: '20', final: true })
    expect(await moneyOf('ADA')).toEqual(['80', '0', '80'])
    expect(await statusOf('H')).toBe('captured')
  })

  test('is another capture if it says something else about the rest', async () => {
    await Hold.capture('H', { amount: '20', transferId: 'C1' })
    const final = Hold.capture('H', { amount: '20', transferId: 'C1', final: true })
    await expect(final).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', fields: ['final'] })
    await Hold.capture('H', { amount: '20', transferId: 'C2', final: true })
    const open = Hold.capture('H', { amount: '20', transferId: 'C2' })
    await expect(open).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', fields: ['final'] })
  })

  test('of all that is left repeats one that took all, and no smaller one', async () => {
    await Hold.capture('H', { amount: '20', transferId: 'C1' })
    const { _id: id } = await Hold.capture('H')
    for (const repeated of [
      await Hold.capture('H'),
      await Hold.capture('H', { amount: '40', final: true }),
    ]) {
      expect([repeated._id, repeated.amount.toString()]).toEqual([id, '40'])
    }
    await Account.hold({ ...request, holdId: 'H2', amount: '30' })
    await Hold.capture('H2', { amount: '20', final: true })
    await expect(Hold.capture('H2')).rejects.toMatchObject({
      code: 'TRANSFER_CONFLICT',
      fields: ['amount'],
      message: 'transfer H2:capture is already posted with a different amount',
    })
  })

  test('of a part needs an id of its own', async () => {
    await expect(Hold.capture('H', { amount: '20' })).rejects.toThrow(
      'a capture of a part of a hold needs a transferId',
    )
  })

  test('is refused if there is no such hold', async () => {
    await expect(Hold.capture('NONE')).rejects.toMatchObject({ code: 'HOLD_NOT_FOUND' })
    await Account.transfer({ transferId: 'T', from: 'ADA', to: 'SHOP', amount: '1' })
    const taken = Hold.capture('NONE', { transferId: 'T' })
    await expect(taken).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', fields: ['hold'] })
  })

  test('pays from a frozen account, but not to one', async () => {
    await Account.freeze('ADA')
    await Hold.capture('H', { amount: '20', transferId: 'C1' })
    await Account.freeze('SHOP')
    await expect(Hold.capture('H')).rejects.toMatchObject({ code: 'ACCOUNT_NOT_OPEN', side: 'to' })
    await Account.unfreeze('SHOP')
    await Hold.capture('H')
    expect(await moneyOf('ADA')).toEqual(['40', '0', '40'])
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('pays what was promised even if the overdraft limit was lowered since', async () => {
    await Account.setOverdraftLimit('ADA', '50')
    await Account.hold({ ...request, holdId: 'H2', amount: '90' })
    await Account.setOverdraftLimit('ADA', '0')
    expect(await moneyOf('ADA')).toEqual(['100', '150', '-50'])
    await Hold.capture('H')
    await Hold.capture('H2')
    expect(await moneyOf('ADA')).toEqual(['-50', '0', '-50'])
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('can be reversed like any transfer, and the hold stays captured', async () => {
    await Hold.capture('H')
    await Transfer.reverse('H:capture')
    expect(await moneyOf('ADA')).toEqual(['100', '0', '100'])
    expect(await statusOf('H')).toBe('captured')
    await expect(Hold.release('H')).rejects.toMatchObject({ code: 'HOLD_NOT_ACTIVE' })
  })

  test('takes at most what is held, however many come at once', async () => {
    const captures = Array.from({ length: 10 }, (_, index) =>
      Hold.capture('H', { amount: '25', transferId: `C${index}` }),
    )
    const done = (await Promise.allSettled(captures)).filter(({ status }) => status === 'fulfilled')
    expect(done).toHaveLength(2)
    expect(await moneyOf('ADA')).toEqual(['50', '10', '40'])
  })

  test.each([
    ['Hold', 'capture'],
    ['Hold', 'release'],
    ['Transfer', 'reverse'],
    ['Transfer', 'reverseGroup'],
  ] as const)('%s.%s refuses a session in a third argument', async (model, verb) => {
    const models = { Hold, Transfer } as unknown as Record<
      string,
      Record<string, (...parameters: unknown[]) => Promise<unknown>>
    >
    await expect(models[model]?.[verb]?.('H', {}, { session: undefined })).rejects.toThrow(
      `${model}.${verb}() takes its options, the session among them, in its second argument`,
    )
    expect(await statusOf('H')).toBe('active')
  })

  test('joins the caller’s transaction', async () => {
    const changedMind = new Error('the caller changes its mind')
    await expect(
      connection.transaction(async (session) => {
        await Account.hold({ ...request, holdId: 'H2', amount: '5' }, { session })
        await Hold.capture('H2', { session })
        await Hold.capture('H', { session })
        throw changedMind
      }),
    ).rejects.toBe(changedMind)
    expect(await moneyOf('ADA')).toEqual(['100', '60', '40'])
  })
})

describe('Hold.release', () => {
  beforeEach(() => Account.hold(request))

  test('gives back what is left, once', async () => {
    await Hold.capture('H', { amount: '20', transferId: 'C1' })
    expect((await Hold.release('H')).toJSON()).toMatchObject({ status: 'released' })
    expect(await Hold.release('H')).toMatchObject({ status: 'released' })
    expect(await moneyOf('ADA')).toEqual(['80', '0', '80'])
    expect(await Account.collection.findOne({ _id: 'ADA' } as object)).not.toHaveProperty('held')
    await expect(Hold.capture('H')).rejects.toMatchObject({
      code: 'HOLD_NOT_ACTIVE',
      status: 'released',
    })
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('is refused if there is no such hold', async () => {
    await expect(Hold.release('NONE')).rejects.toMatchObject({ code: 'HOLD_NOT_FOUND' })
    await expect(Hold.release('')).rejects.toMatchObject({ code: 'INVALID_HOLD_ID' })
  })

  test('and a capture at the same time have one winner', async () => {
    const ends = await Promise.allSettled([Hold.release('H'), Hold.capture('H')])
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const [balance, held] = await moneyOf('ADA')
    expect([balance, held]).toEqual([(await statusOf('H')) === 'captured' ? '40' : '100', '0'])
  })
})

describe('a hold that expires', () => {
  test('is refused if the moment has passed', async () => {
    const expiresAt = new Date('2020-01-01')
    await expect(Account.hold({ ...request, expiresAt })).rejects.toMatchObject({
      code: 'INVALID_EXPIRES_AT',
    })
    await expect(
      Account.hold({ ...request, expiresAt: '2999-01-01' as never }),
    ).rejects.toMatchObject({ code: 'INVALID_EXPIRES_AT' })
  })

  test('blocks nothing from then on, even if nobody has swept it', async () => {
    await Account.hold({ ...request, expiresAt: new Date('2999-01-01') })
    await Account.hold({ ...request, holdId: 'STAYS', amount: '10' })
    await letExpire('H')
    await expect(Hold.capture('H')).rejects.toMatchObject({ status: 'expired' })
    await expect(Hold.release('H')).rejects.toMatchObject({ status: 'expired' })
    // A refusal changes nothing, and what it has found out is not kept.
    const tooMuch = Account.transfer({ from: 'ADA', to: 'SHOP', amount: '90.01' })
    await expect(tooMuch).rejects.toMatchObject({
      message: 'account ADA has 90.00 USD available and 10.00 held, but the transfer needs 90.01',
    })
    expect(await moneyOf('ADA')).toEqual(['100', '70', '30'])
    await Account.transfer({ from: 'ADA', to: 'SHOP', amount: '90' })
    expect(await moneyOf('ADA')).toEqual(['10', '10', '0'])
    expect(await statusOf('H')).toBe('expired')
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('ends the hold no earlier than its expiry, even if the clock of the program is behind', async () => {
    await Account.hold(request)
    const expiresAt = new Date()
    const holds = connection.collection<{ _id: string }>('holds')
    await holds.updateOne({ _id: 'H' }, { $set: { expiresAt } })
    vi.useFakeTimers({ toFake: ['Date'], now: expiresAt.getTime() - 60_000 })
    const expiring = Hold.expire()
    await expiring.finally(() => vi.useRealTimers())
    expect((await Hold.findById('H').orFail()).endedAt).toEqual(expiresAt)
  })

  test('is not asked for while there is enough beside it', async () => {
    await Account.hold({ ...request, expiresAt: new Date('2999-01-01') })
    await letExpire('H')
    await Account.transfer({ from: 'ADA', to: 'SHOP', amount: '40' })
    expect(await statusOf('H')).toBe('active')
  })

  test('is released by the pay-out of an account that is closed, and by another hold', async () => {
    await Account.hold(request)
    await letExpire('H')
    await Account.hold({ ...request, holdId: 'H2', amount: '90' })
    expect(await statusOf('H')).toBe('expired')
    await expect(Account.close('ADA', { payOutTo: 'SHOP' })).rejects.toMatchObject({
      code: 'ACCOUNT_HAS_HOLDS',
      message: 'account ADA has holds of 90.00 USD: capture or release them before it is closed',
    })
    await letExpire('H2')
    await Account.close('ADA', { payOutTo: 'SHOP' })
    expect(await moneyOf('SHOP')).toEqual(['100', '0', '100'])
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('and is swept, captured and paid around at the same time has one end', async () => {
    for (let round = 0; round < 5; round++) {
      const holdId = `H${round}`
      await Account.hold({ ...request, holdId, amount: '50' })
      await Promise.allSettled([
        Hold.capture(holdId),
        letExpire(holdId),
        Hold.expire(),
        Account.transfer({ from: 'ADA', to: 'SHOP', amount: '60' }),
        Hold.release(holdId),
      ])
      await Hold.expire()
      expect(await statusOf(holdId)).not.toBe('active')
      const [balance, held] = await moneyOf('SHOP')
      await Account.transfer({ from: 'SHOP', to: 'ADA', amount: balance ?? '0' }).catch(
        () => undefined,
      )
      expect(held).toBe('0')
      expect(await moneyOf('ADA')).toEqual(['100', '0', '100'])
      expect(await verify(connection)).toMatchObject({ violations: [] })
    }
  })
})
