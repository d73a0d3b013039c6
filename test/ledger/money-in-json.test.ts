import { beforeEach, describe, expect, test } from 'vitest'
import { batchModel, plain, verify } from '../../src/index.ts'
import { freshBatch } from '../../src/models/batch.ts'
import { Decimal, Decimal128 } from '../../src/money/money.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '94.5' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: '1.1' })
})

const inJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const findA = () => Account.findById('A').orFail()

describe('money has the currency’s decimals in JSON', () => {
  test.each(['postedAt', 'effectiveAt'] as const)(
    'of statements and balances by %s',
    async (by) => {
      const account = await findA()
      const amounts = { amount: '-1.10', balance: '93.40' }
      expect(inJson(await account.statement({ by }))).toMatchObject([amounts])
      for await (const entry of account.statementEntries({ by }))
        expect(inJson(entry)).toMatchObject(amounts)
      expect(inJson(await account.balances({ by, every: 'year' }))).toMatchObject([
        { opening: '94.50', received: '0.00', sent: '1.10', closing: '93.40', count: 1 },
      ])
      expect(inJson(await account.balanceAt(new Date(), { by }))).toBe('93.40')
      expect(inJson(await account.balanceAt(new Date(0), { by }))).toBe(
        by === 'postedAt' ? '0.00' : '94.50',
      )
      const receiver = await Account.findById('B').orFail()
      expect(inJson(await receiver.statement({ by }))).toMatchObject([
        { amount: '1.10', balance: '1.10' },
      ])
    },
  )

  test('of a document, and of its balance', async () => {
    const account = await findA()
    expect(inJson([account, account.balance])).toMatchObject([{ balance: '93.40' }, '93.40'])
    expect(account.balance).toStrictEqual(new Decimal('93.4'))
    const transfer = await Transfer.findById('T').populate('fromAccount').orFail()
    expect(inJson(transfer)).toMatchObject({ amount: '1.10', fromAccount: { balance: '93.40' } })
  })

  test('of batches and proofs', async () => {
    const batch = { ...freshBatch({ name: 'b', source: 's', digest: 'd', reading: 'r' }) }
    batch.amountByCurrency = { USD: Decimal128.fromString('5.50') }
    const document = batchModel(connection).hydrate(batch)
    expect(inJson(document)).toMatchObject({ _id: 'b', amountByCurrency: { USD: '5.50' } })
    expect(inJson(await verify(connection))).toMatchObject({ totals: { USD: '94.50' } })
  })

  test('of what lean and aggregate return, made plain', async () => {
    expect(plain(await Account.findById('A').orFail().lean())).toMatchObject({ balance: '93.40' })
    const [sum] = await Account.aggregate<{ total: Decimal128 }>([
      { $group: { _id: null, total: { $sum: '$balance' } } },
    ])
    expect(plain(sum)).toEqual({ _id: null, total: '94.50' })
    const results = await Account.transferMany([{ from: 'B', to: 'A', amount: '1' }])
    expect(plain(results)).toMatchObject([{ transfer: { amount: '1.00', toBalance: '94.40' } }])
  })
})
