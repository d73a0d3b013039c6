import { beforeEach, describe, expect, test } from 'vitest'
import { verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: '30.25' })
})

const balances = async () =>
  (await Account.find().sort({ _id: 1 })).map(({ balance }) => balance.toString())

describe('Transfer.reverse', () => {
  test('moves the money back with a transfer that names its original', async () => {
    const reversal = await Transfer.reverse('T', { reference: 'wrong account' })
    expect(reversal.toJSON()).toMatchObject({
      _id: 'T:reversal',
      fromAccount: 'B',
      toAccount: 'A',
      amount: '30.25',
      reverses: 'T',
      reference: 'wrong account',
    })
    expect(await balances()).toEqual(['100', '0'])
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is named if its id is used again, or if it is repeated with another content', async () => {
    await Transfer.reverse('T')
    const same = { transferId: 'T:reversal', from: 'B', to: 'A', amount: '30.25' }
    await expect(Account.transfer(same)).rejects.toMatchObject({
      code: 'INVALID_TRANSFER_ID',
      message:
        'transfer id "T:reversal" is not free: it belongs to the reversal of transfer T, which Transfer.reverse() or daybook reverse posts',
    })
    await expect(Transfer.reverse('T', { reference: 'other' })).rejects.toMatchObject({
      code: 'TRANSFER_CONFLICT',
      message:
        'transfer T:reversal is already posted as the reversal of transfer T, with a different reference',
      reverses: 'T',
    })
  })

  test('posts one reversal, however often and however concurrently it is called', async () => {
    const reversals = await Promise.all(Array.from({ length: 20 }, () => Transfer.reverse('T')))
    expect(new Set(reversals.map(({ _id }) => _id))).toEqual(new Set(['T:reversal']))
    expect(await balances()).toEqual(['100', '0'])
  })

  test('is refused when the receiver no longer has the money', async () => {
    await Account.transfer({ from: 'B', to: 'A', amount: '0.01' })
    await expect(Transfer.reverse('T')).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      accountId: 'B',
    })
  })

  test('is refused for a reversal', async () => {
    await Transfer.reverse('T')
    await expect(Transfer.reverse('T:reversal')).rejects.toMatchObject({
      code: 'TRANSFER_IS_REVERSAL',
      reverses: 'T',
    })
  })

  test.each(['NONE', '', { $ne: null }])(
    'is refused for a transfer that does not exist: %o',
    async (id) => {
      await expect(Transfer.reverse(id as string)).rejects.toMatchObject({
        code: 'TRANSFER_NOT_FOUND',
      })
    },
  )

  test('makes a valid id even if the original has the longest id possible', async () => {
    const transferId = 'x'.repeat(128)
    await Account.transfer({ transferId, from: 'A', to: 'B', amount: '1' })
    const reversal = await Transfer.reverse(transferId)
    expect(reversal).toMatchObject({ reverses: transferId })
    expect((await Transfer.reverse(transferId))._id).toBe(reversal._id)
  })

  test('joins the caller’s transaction', async () => {
    const changedMind = new Error('the caller changes its mind')
    await expect(
      connection.transaction(async (session) => {
        await Transfer.reverse('T', { session })
        throw changedMind
      }),
    ).rejects.toBe(changedMind)
    expect(await balances()).toEqual(['69.75', '30.25'])
  })
})

describe('a transfer', () => {
  const replacement = { amount: '1' }
  const writes: [operation: string, write: () => Promise<unknown>][] = [
    [
      'save',
      async () => {
        const transfer = await Transfer.findById('T').orFail()
        transfer.set('reference', 'changed')
        await transfer.save()
      },
    ],
    ['updateOne', () => Transfer.updateOne({ _id: 'T' }, replacement)],
    ['updateMany', () => Transfer.updateMany({}, replacement)],
    ['findOneAndUpdate', () => Transfer.findOneAndUpdate({ _id: 'T' }, replacement)],
    ['findByIdAndUpdate', () => Transfer.findByIdAndUpdate('T', replacement)],
    ['findOneAndReplace', () => Transfer.findOneAndReplace({ _id: 'T' }, replacement)],
    ['replaceOne', () => Transfer.replaceOne({ _id: 'T' }, replacement)],
    ['deleteOne', () => Transfer.deleteOne({ _id: 'T' })],
    ['deleteMany', () => Transfer.deleteMany({})],
    ['findOneAndDelete', () => Transfer.findOneAndDelete({ _id: 'T' })],
    ['findByIdAndDelete', () => Transfer.findByIdAndDelete('T')],
    ['insertMany', () => Transfer.insertMany([{ _id: 'T' } as never])],
    [
      'insertMany lean',
      () => Transfer.insertMany([{ _id: 'T' } as never], { lean: true } as never),
    ],
    [
      'aggregate $merge',
      () =>
        Transfer.aggregate([
          { $set: { reference: 'x' } },
          { $merge: { into: 'transfers', whenMatched: 'replace' } },
        ]),
    ],
    ['aggregate $out', () => Transfer.aggregate([{ $out: 'transfers' }])],
    ['create', () => Transfer.create({ _id: 'N' } as never)],
    ['bulkWrite', () => Transfer.bulkWrite([{ deleteOne: { filter: { _id: 'T' } } }])],
    ['bulkSave', async () => Transfer.bulkSave([await Transfer.findById('T').orFail()])],
    [
      'document updateOne',
      async () => (await Transfer.findById('T').orFail()).updateOne(replacement),
    ],
    ['document deleteOne', async () => (await Transfer.findById('T').orFail()).deleteOne()],
    [
      'document replaceOne',
      async () => (await Transfer.findById('T').orFail()).replaceOne(replacement),
    ],
  ]

  test('is said to be saved when Mongoose validates it first', async () => {
    const create = Transfer.create({ _id: 'N' } as never)
    await expect(create).rejects.toMatchObject({ operation: 'save' })
  })

  test.each(writes)('cannot be created, changed or deleted by %s', async (_operation, write) => {
    const before = await Transfer.find().lean()
    await expect(write()).rejects.toMatchObject({
      code: 'TRANSFER_IMMUTABLE',
      message: expect.stringContaining('Reverse it with Transfer.reverse()') as string,
    })
    expect(await Transfer.find().lean()).toEqual(before)
  })

  test('can be found by its metadata and reference', async () => {
    await Account.transfer({
      transferId: 'M',
      from: 'A',
      to: 'B',
      amount: '1',
      reference: 'rent',
      metadata: { invoice: 7, paid: true },
    })
    const found = await Transfer.findOne({ 'metadata.invoice': 7, reference: 'rent' })
    expect(found?.toJSON()).toMatchObject({ _id: 'M', metadata: { invoice: 7, paid: true } })
  })
})
