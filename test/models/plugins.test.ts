import mongoose, { Schema } from 'mongoose'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import {
  accountModel,
  createCollections,
  defineLedger,
  isDaybookSchema,
  transferModel,
  verify,
} from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

/** The database with collections as programs without the plugins make them. */
const database = useDatabase()

let connection: mongoose.Connection
beforeEach(() => {
  connection = mongoose.createConnection()
})
afterEach(() => connection.close())

/** Opens the connection with plugins, and posts a transfer of 5 from A, which has 100, to B. */
async function postWith(...plugins: ((schema: Schema) => unknown)[]) {
  for (const plugin of plugins) connection.plugin(plugin as never)
  const Account = accountModel(connection)
  const Transfer = transferModel(connection)
  await connection.openUri(inject('mongodbUri'), { dbName: database.connection.name })
  await createCollections(connection)
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  const transfer = await Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: '5' })
  return { Account, Transfer, transfer, a: await Account.findById('A').orFail() }
}

describe('a plugin', () => {
  afterEach(async () => {
    expect(await verify(database.connection)).toMatchObject({ balanced: true, violations: [] })
  })

  test('adds statics, methods, virtuals and query helpers', async () => {
    const { Account, a } = await postWith((schema) => {
      schema.static('countAll', function () {
        return this.countDocuments()
      })
      schema.method('shout', function () {
        return `${this.get('_id') as string}!`
      })
      schema.virtual('label').get(() => 'label')
    })
    expect(await (Account as never as { countAll(): Promise<number> }).countAll()).toBe(2)
    expect((a as never as { shout(): string }).shout()).toBe('A!')
    expect(a.get('label')).toBe('label')
  })

  test('adds indexes', async () => {
    await postWith((schema) => schema.path('holder') && schema.index({ holder: 1 }))
    const indexes = await database.connection.collection('accounts').indexes()
    expect(indexes.map(({ name }) => name)).toContain('holder_1')
  })

  test('changes toJSON, which finds money as text', async () => {
    const { a, transfer } = await postWith((schema) => {
      schema.set('toJSON', {
        virtuals: true,
        transform: (_, { _id: id, ...json }: Record<string, unknown>) => ({ id, ...json }),
      })
    })
    expect(JSON.parse(JSON.stringify(a))).toMatchObject({ id: 'A', balance: '95.00' })
    expect(JSON.parse(JSON.stringify(transfer))).toMatchObject({ id: 'T', fromBalance: '95.00' })
  })

  test('changes toJSON by options or by changing what it is given, alone or with another', async () => {
    const { a } = await postWith(
      (schema) => schema.set('toJSON', { virtuals: true, getters: true }),
      (schema) => {
        const before = schema.get('toJSON')?.transform as (...all: unknown[]) => object
        const transform = (document: unknown, json: Record<string, unknown>, options: object) => {
          delete json['createdAt']
          return before(document, json, options)
        }
        schema.set('toJSON', { transform: transform as never })
      },
    )
    const json = JSON.parse(JSON.stringify(a)) as object
    expect(json).toMatchObject({ _id: 'A', balance: '95.00', openingBalance: '100.00' })
    expect(json).not.toHaveProperty('createdAt')
  })

  test('sets timestamps, which are left out because the records have their own dates', async () => {
    const { Account, Transfer, a } = await postWith((schema) => schema.set('timestamps', true))
    await Account.updateOne({ _id: 'A' }, { holder: 'Ada L.' })
    const after = await Account.findById('A').orFail()
    expect(after).toMatchObject({ holder: 'Ada L.', updatedAt: a.updatedAt })
    expect(Transfer.schema.path('createdAt')).toBeUndefined()
  })

  test('filters the queries of models, while posting, statements and verify see every record', async () => {
    const { Account, a } = await postWith((schema) => {
      schema.pre(/^(find|count)/, function (this: mongoose.Query<unknown, unknown>) {
        void this.where({ holder: 'Ada' })
      })
    })
    expect(await Account.findById('B')).toBeNull()
    await Account.transfer({ from: 'B', to: 'A', amount: '1' })
    expect(await a.statement()).toHaveLength(2)
  })

  test('has save and validate hooks, which run for what a model saves, not for what is posted', async () => {
    const saved: unknown[] = []
    const { Account, Transfer } = await postWith((schema) => {
      schema.pre('save', function () {
        saved.push(this.get('_id'))
      })
      schema.pre('validate', function () {
        if (this.get('holder') === 'Eve') throw new Error('no Eve')
      })
    })
    expect(saved).toEqual([])
    await Account.create({ _id: 'C', holder: 'Cy', currency: 'USD' })
    await expect(Account.create({ _id: 'E', holder: 'Eve', currency: 'USD' })).rejects.toThrow(
      'no Eve',
    )
    await expect(Transfer.create({ _id: 'T2' })).rejects.toMatchObject({
      code: 'TRANSFER_IMMUTABLE',
    })
    expect(saved).toEqual(['C'])
  })

  test('adds validators to paths, which hold for what a model saves', async () => {
    const { Account } = await postWith((schema) => {
      schema.path('holder')?.validate((holder: unknown) => holder !== 'Eve', 'no Eve')
    })
    await expect(Account.updateOne({ _id: 'A' }, { holder: 'Eve' })).rejects.toThrow('no Eve')
  })
})

describe('a plugin is refused, when the models are compiled, if it', () => {
  test.each<[string, (schema: Schema) => unknown]>([
    [
      'adds the path "tenantId"',
      (schema) => schema.add({ tenantId: { type: String, required: true } }),
    ],
    [
      'adds the path "deleted"',
      (schema) => schema.add({ deleted: { type: Boolean, default: false } }),
    ],
    ['changes the path "currency"', (schema) => schema.add({ currency: Number })],
    ['changes the path "currency"', (schema) => schema.remove('currency')],
    ['changes the path "_id"', (schema) => schema.path('_id').set((id: string) => id.trim())],
    ['changes the path "_id"', (schema) => schema.path('_id').get(String)],
    ['changes the path "currency"', (schema) => schema.path('currency').select(false)],
    [
      'adds the unique index on "currency"',
      (schema) => schema.index({ currency: 1 }, { unique: true, sparse: true }),
    ],
    [
      'adds the index on "postedAt" that deletes documents after a time',
      (schema) => schema.index({ postedAt: 1 }, { expireAfterSeconds: 60 }),
    ],
    ['replaces the static "reverse"', (schema) => schema.static('reverse', () => undefined)],
    ['changes the option "strict"', (schema) => schema.set('strict', false)],
    ['changes the option "versionKey"', (schema) => schema.set('versionKey', '__v')],
  ])('%s: %s', (what, plugin) => {
    connection.plugin(function tenant(schema) {
      if (schema.path('postedAt')) plugin(schema as never)
    })
    expect(() => transferModel(connection)).toThrow(
      `the plugin tenant ${what} of Daybook’s model "Transfer", which is not possible: `,
    )
    expect(() => accountModel(connection)).toThrow('the plugin tenant')
    expect(connection.modelNames()).toEqual([])
  })

  test('replaces the method "statement"', () => {
    connection.plugin((schema) => {
      if (schema.path('holder')) schema.method('statement', () => [])
    })
    expect(() => defineLedger(connection)).toThrow(
      'the plugin without a name replaces the method "statement" of Daybook’s model "Account", which is not possible: programs and Daybook itself call it. Give the plugin’s another name. Leave Daybook’s schemas out: mongoose.plugin((schema, options) => isDaybookSchema(schema) || plugin(schema, options)). docs/plugins.md lists what works',
    )
    expect(connection.modelNames()).toEqual([])
  })
})

test('a plugin that leaves Daybook’s schemas out is applied to the others', () => {
  const tenant = (schema: Schema) => schema.add({ tenantId: { type: String, required: true } })
  connection.plugin((schema) => isDaybookSchema(schema) || tenant(schema as never))
  const Customer = connection.model('Customer', new Schema({ name: String }))
  expect(accountModel(connection).schema.path('tenantId')).toBeUndefined()
  expect(Customer.schema.path('tenantId')).toBeDefined()
})

test('a global plugin is applied if it is registered before the first use of the models', () => {
  const { plugins } = mongoose as unknown as { plugins: unknown[] }
  mongoose.plugin((schema) => void schema.static('early', () => undefined))
  try {
    expect(accountModel(connection)).toHaveProperty('early')
    mongoose.plugin((schema) => void schema.static('late', () => undefined))
    expect(accountModel(connection)).not.toHaveProperty('late')
    expect(accountModel(mongoose.createConnection())).toHaveProperty('late')
  } finally {
    plugins.splice(-2)
  }
})
