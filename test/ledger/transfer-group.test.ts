import { beforeEach, describe, expect, test } from 'vitest'
import { type TransferRequest, verify } from '../../src/index.ts'
import { failNext } from '../../src/testing/index.ts'
import { countCommands } from '../support/count-commands.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  for (const accountId of ['BUYER', 'SELLER', 'FEES']) {
    const openingBalance = accountId === 'BUYER' ? '100' : '0'
    await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance })
  }
})

const LEGS: readonly TransferRequest[] = [
  { from: 'BUYER', to: 'SELLER', amount: '80' },
  { from: 'SELLER', to: 'FEES', amount: '4.80', reference: 'fee' },
]

const order = (legs = LEGS, groupId = 'ORDER-7') => Account.transferGroup({ groupId, legs })

const balances = async () =>
  Object.fromEntries((await Account.find()).map(({ _id, balance }) => [_id, balance.toString()]))

const booksBalance = async () => expect(await verify(connection)).toMatchObject({ violations: [] })

describe('Account.transferGroup', () => {
  test('posts its legs in order, each with its number', async () => {
    const legs = await order()

    expect(legs.map(({ _id, group, leg, legs: count }) => [_id, group, leg, count])).toEqual([
      ['ORDER-7:1', 'ORDER-7', 1, 2],
      ['ORDER-7:2', 'ORDER-7', 2, 2],
    ])
    expect(await balances()).toEqual({ BUYER: '20', SELLER: '75.2', FEES: '4.8' })
    expect(await verify(connection)).toMatchObject({ groups: 1, violations: [] })
  })

  test('says that two legs have one id, of which nothing is posted', async () => {
    const [first, second] = LEGS.map((leg) => ({ ...leg, transferId: 'SAME' }))
    for (const legs of [
      [first, second],
      [first, first],
    ] as TransferRequest[][]) {
      await expect(order(legs)).rejects.toMatchObject({
        code: 'TRANSFER_CONFLICT',
        leg: 2,
        isWithinGroup: true,
        message: 'leg 2: two transfers of the group have the id SAME',
      })
    }
    expect(await balances()).toMatchObject({ BUYER: '100' })
  })

  test('posts nothing when a leg is refused, and says which', async () => {
    const tooMuch = [...LEGS, { from: 'FEES', to: 'BUYER', amount: '5' }]

    await expect(order(tooMuch)).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      leg: 3,
      message: 'leg 3: account FEES has 4.80 USD available, but the transfer needs 5.00',
    })
    expect(await balances()).toMatchObject({ BUYER: '100' })
    expect(await order()).toHaveLength(2)
  })

  test('returns the same transfers when it is repeated, also by many at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => order()))

    expect(new Set(all.map((legs) => JSON.stringify(legs)))).toHaveProperty('size', 1)
    expect(await Transfer.countDocuments()).toBe(2)
    await booksBalance()
  })

  test.each<[string, readonly TransferRequest[], object]>([
    ['one leg less', LEGS.slice(0, 1), { leg: 1, fields: ['legs'] }],
    ['one leg more', [...LEGS, { from: 'BUYER', to: 'FEES', amount: '1' }], { fields: ['legs'] }],
    ['another amount', [LEGS[0]!, { ...LEGS[1]!, amount: '4' }], { leg: 2, fields: ['amount'] }],
    ['another order', LEGS.toReversed(), { leg: 1, fields: ['from', 'to', 'amount', 'reference'] }],
    [
      'an id of its own',
      [LEGS[0]!, { ...LEGS[1]!, transferId: 'X' }],
      { leg: 2, group: 'ORDER-7' },
    ],
  ])('is a conflict with %s', async (_, legs, expected) => {
    await order()

    await expect(order(legs)).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', ...expected })
    expect(await Transfer.countDocuments()).toBe(2)
  })

  test('finds its legs by their numbers when only the first call gave them ids', async () => {
    await order(LEGS.map((leg, index) => ({ ...leg, transferId: `T${index}` })))

    expect((await order()).map(({ _id }) => _id)).toEqual(['T0', 'T1'])
  })

  test('has one winner of several calls whose legs differ and share no account', async () => {
    const pairs = Array.from({ length: 8 }, (_, index) => [`P${index}`, `Q${index}`] as const)
    for (const accountId of pairs.flat()) {
      await Account.open({ accountId, holder: 'Ada', currency: 'USD', overdraftLimit: '10' })
    }
    // In transactions of their own, because calls without a session share one.
    const calls = pairs.map(([from, to], index) =>
      connection.transaction((session) =>
        Account.transferGroup(
          { groupId: 'G', legs: [{ transferId: `T${index}`, from, to, amount: '1' }] },
          { session },
        ),
      ),
    )

    const settled = await Promise.allSettled(calls)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const reasons = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    expect(new Set(reasons.map(({ code }: { code: string }) => code))).toEqual(
      new Set(['TRANSFER_CONFLICT']),
    )
    await booksBalance()
  })

  test('is not one with a transfer that has the id of a leg', async () => {
    const { from, to, amount } = LEGS[1]!
    await Account.transfer({ transferId: 'ORDER-7:2', from: to, to: from, amount: '0.01' }).catch(
      () => Account.transfer({ transferId: 'ORDER-7:2', from: 'BUYER', to, amount }),
    )

    await expect(order()).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', leg: 2 })
    await expect(order(undefined, 'ORDER-8')).resolves.toHaveLength(2)
  })

  test('shares a transaction with concurrent transfers', async () => {
    const commits = countCommands(connection, 'commitTransaction')
    const pay = () => Account.transfer({ from: 'BUYER', to: 'SELLER', amount: '0.01' })

    await Promise.all([pay(), order(), pay(), order(LEGS, 'ORDER-8').catch(() => 0), pay()])

    expect(commits()).toBe(2)
    await booksBalance()
  })

  test('is settled by repeating it after a commit whose outcome is not known', async () => {
    await failNext(connection, 'lost-commit-reply')

    expect(await order()).toHaveLength(2)
    expect(await order()).toHaveLength(2)
    await booksBalance()
  })

  test('is part of the caller’s transaction with a session', async () => {
    await connection
      .transaction(async (session) => {
        await Account.transferGroup({ groupId: 'G', legs: LEGS }, { session })
        throw new Error('back')
      })
      .catch(() => undefined)

    expect(await Transfer.countDocuments()).toBe(0)
    expect(await order(LEGS, 'G')).toHaveLength(2)
  })

  test.each([
    ['', 'INVALID_GROUP_ID'],
    ['G:reversal', 'INVALID_GROUP_ID'],
    [7, 'INVALID_GROUP_ID'],
  ])('refuses the id %o', async (groupId, code) => {
    await expect(order(LEGS, groupId as string)).rejects.toMatchObject({ code })
  })

  test('refuses a group without legs, and one that no transaction holds', async () => {
    await expect(order([])).rejects.toThrow('group "ORDER-7" has no legs')
    await expect(order(Array.from({ length: 50_001 }, () => LEGS[0]!))).rejects.toThrow(
      'group "ORDER-7" has 50001 legs, which are too many for one transaction: at most 50000',
    )
  })

  test('makes ids of its legs also if its own is as long as an id can be', async () => {
    const groupId = 'g'.repeat(128)

    const legs = await order(LEGS, groupId)

    expect(legs.map(({ _id }) => _id)).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}:1$/),
      expect.stringMatching(/^[0-9a-f]{64}:2$/),
    ])
    expect(await Transfer.reverseGroup(groupId)).toHaveLength(2)
    await booksBalance()
  })
})

describe('Transfer.reverseGroup', () => {
  test('takes all legs back, the last one first, once', async () => {
    await order()

    const all = await Promise.all(
      Array.from({ length: 5 }, () => Transfer.reverseGroup('ORDER-7', { reference: 'returned' })),
    )

    expect(all[0]?.map(({ _id, group, leg, reverses }) => [_id, group, leg, reverses])).toEqual([
      ['ORDER-7:2:reversal', 'ORDER-7:reversal', 1, 'ORDER-7:2'],
      ['ORDER-7:1:reversal', 'ORDER-7:reversal', 2, 'ORDER-7:1'],
    ])
    expect(await balances()).toEqual({ BUYER: '100', SELLER: '0', FEES: '0' })
    expect(await Transfer.countDocuments()).toBe(4)
    await booksBalance()
  })

  test('is refused with the reason of the leg that cannot be reversed', async () => {
    await order()
    await Account.freeze('FEES')

    await expect(Transfer.reverseGroup('ORDER-7')).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_OPEN',
      accountId: 'FEES',
      leg: 2,
    })
    expect(await balances()).toEqual({ BUYER: '20', SELLER: '75.2', FEES: '4.8' })
  })

  test('is refused if a leg was reversed by itself', async () => {
    await order()
    await Transfer.reverse('ORDER-7:2')

    await expect(Transfer.reverseGroup('ORDER-7')).rejects.toMatchObject({
      code: 'TRANSFER_CONFLICT',
      leg: 2,
      fields: ['group'],
    })
  })

  test('is refused for a group of reversals, and for one that does not exist', async () => {
    await order()
    await Transfer.reverseGroup('ORDER-7')

    await expect(Transfer.reverseGroup('ORDER-7:reversal')).rejects.toMatchObject({
      code: 'TRANSFER_IS_REVERSAL',
    })
    for (const groupId of ['NONE', '', { $ne: null }]) {
      await expect(Transfer.reverseGroup(groupId as string)).rejects.toMatchObject({
        code: 'GROUP_NOT_FOUND',
      })
    }
  })
})
