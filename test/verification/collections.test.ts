import { beforeEach, describe, expect, test } from 'vitest'
import { DatabaseError, createCollections, verify } from '../../src/index.ts'
import { databaseOf } from '../../src/mongodb/connection.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const NAMES = ['accounts', 'transfers', 'transfer_groups', 'batches', 'refusals']

beforeEach(async () => {
  for (const name of NAMES) await connection.dropCollection(name)
  await createCollections(connection)
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.transfer({ from: 'A', to: 'B', amount: '10' })
})

const command = (parameters: Record<string, unknown>) => databaseOf(connection).command(parameters)
const kindsAndMessages = async () =>
  (await verify(connection)).violations.map(({ kind, message }) => `${kind}: ${message}`)

describe('verify', () => {
  test.each([
    [
      'no validator',
      () => command({ collMod: 'accounts', validator: {} }),
      'validator: the collection accounts has no validator',
    ],
    [
      'another validator',
      () => command({ collMod: 'transfers', validator: { amount: { $gt: 0 } } }),
      'validator: the collection transfers has another validator',
    ],
    [
      'another validation level',
      () => command({ collMod: 'batches', validationLevel: 'off' }),
      'validator: the collection batches has the validation level "off", not "strict"',
    ],
    [
      'another validation action',
      () => command({ collMod: 'refusals', validationAction: 'warn' }),
      'validator: the collection refusals has the validation action "warn", not "error"',
    ],
    [
      'no index',
      () => connection.collection('transfers').dropIndex('toAccount_1_toSequence_1'),
      'index: the collection transfers has no index {"toAccount":1,"toSequence":1}',
    ],
    [
      'no index of effective dates',
      () => connection.collection('transfers').dropIndex('toAccount_1_effectiveAt_1_toSequence_1'),
      'index: the collection transfers has no index {"toAccount":1,"effectiveAt":1,"toSequence":1}',
    ],
  ])(
    'finds a collection with %s, which createCollections restores',
    async (_what, spoil, expected) => {
      await spoil()
      expect(await kindsAndMessages()).toEqual([expect.stringContaining(expected)])
      await createCollections(connection)
      expect(await kindsAndMessages()).toEqual([])
    },
  )

  test('finds an index that leaves documents out, and still proves the accounts', async () => {
    const transfers = connection.collection('transfers')
    await transfers.dropIndex('fromAccount_1_fromSequence_1')
    const options = { partialFilterExpression: { amount: { $gt: 1_000 } } }
    await transfers.createIndex({ fromAccount: 1, fromSequence: 1 }, options)
    expect(await kindsAndMessages()).toEqual([
      expect.stringContaining('with other options than Daybook’s (partialFilterExpression)'),
    ])
  })

  test('finds an index of effective dates that also has the transfers without one', async () => {
    const transfers = connection.collection('transfers')
    await transfers.dropIndex('toAccount_1_effectiveAt_1_toSequence_1')
    await transfers.createIndex({ toAccount: 1, effectiveAt: 1, toSequence: 1 })
    expect(await kindsAndMessages()).toEqual([
      expect.stringContaining('with other options than Daybook’s (partialFilterExpression)'),
    ])
  })

  test('finds a foreign index that deletes transfers or refuses them', async () => {
    const transfers = connection.collection('transfers')
    await transfers.createIndex({ postedAt: 1 }, { expireAfterSeconds: 1e8 })
    await transfers.createIndex({ toAccount: 1 }, { unique: true })
    await transfers.createIndex({ amount: 1 })
    expect(await kindsAndMessages()).toEqual([
      expect.stringContaining('the foreign index "postedAt_1" with the option expireAfterSeconds'),
      expect.stringContaining('the foreign index "toAccount_1" with the option unique'),
    ])
  })

  test('finds a view in the place of a collection', async () => {
    await connection.collection('transfers').rename('hidden')
    await databaseOf(connection).createCollection('transfers', { viewOn: 'hidden', pipeline: [] })
    expect(await kindsAndMessages()).toEqual([
      expect.stringContaining('collection: the collection transfers is a "view"'),
    ])
    await expect(createCollections(connection)).rejects.toThrow(DatabaseError)
    await connection.dropCollection('hidden')
  })

  test('finds a capped collection', async () => {
    await connection.dropCollection('refusals')
    await databaseOf(connection).createCollection('refusals', { capped: true, size: 4_096 })
    await createCollections(connection)
    expect(await kindsAndMessages()).toEqual([
      expect.stringContaining('collection: the collection refusals has the option capped'),
    ])
  })

  test('refuses a database without the collections', async () => {
    await connection.dropCollection('accounts')
    await connection.dropCollection('batches')
    await expect(verify(connection)).rejects.toThrow('has no collection accounts, batches')
    await expect(verify(connection)).rejects.toThrow(DatabaseError)
  })
})
