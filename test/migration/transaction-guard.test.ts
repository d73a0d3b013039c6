import { beforeEach, describe, expect, test } from 'vitest'
import { migrate, rehearseMigrations, revertMigrations } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { logged, loggedOutside, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection, Account, Transfer } = useDatabase()
const { states } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
  await connection.collection('log').insertOne({ name: 'kept' })
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '10' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
})

/** What the migrations must not have changed. */
const content = async () => ({
  log: await connection.collection('log').distinct('name'),
  indexes: (await connection.collection('log').indexes()).length,
  diary: await connection.db?.listCollections({ name: 'diary' }).toArray(),
  holders: await Account.distinct('holder'),
  transfers: await Transfer.countDocuments(),
})

describe('a migration in a transaction, applied or rehearsed', () => {
  test.each([
    ['insert on log', `connection.collection('log').insertOne({ name: 'new' })`],
    ['update on log', `db.collection('log').updateMany({}, { $set: { name: 'new' } })`],
    ['delete on log', `db.collection('log').bulkWrite([{ deleteMany: { filter: {} } }])`],
    ['findAndModify on log', `db.collection('log').findOneAndDelete({})`],
    ['aggregate on log', `db.collection('log').aggregate([{ $merge: 'diary' }]).toArray()`],
    ['createIndexes on log', `db.collection('log').createIndex({ name: 1 })`],
    ['insert on diary', `db.command({ insert: 'diary', documents: [{}] })`],
    ['renameCollection on admin', `db.collection('log').rename('diary')`],
    ['dropDatabase on test-', `db.dropDatabase()`],
    ['update on accounts', `Account.updateOne({ _id: 'A' }, { holder: 'Eve' })`],
    ['update on accounts', `Account.findById('A').then((a) => a.set({ holder: 'Eve' }).save())`],
    [
      'findAndModify on accounts',
      `Account.open({ accountId: 'C', holder: 'Cy', currency: 'USD' })`,
    ],
    ['insert on transfers', `Account.transfer({ from: 'A', to: 'B', amount: 1 })`],
    [
      'insert on log',
      `connection.transaction((session) => db.collection('log').insertOne({}, { session }))`,
    ],
    ['insert on log', `db.collection('log').insertOne({}).catch(() => undefined)`],
  ])('is refused with %s by %s, which leaves the session out', async (what, work) => {
    const source = `export const up = async ({ connection, session }) => {
      const { db, models: { Account } } = connection
      await db.collection('log').insertOne({ name: 'with the session' }, { session })
      await ${work}
    }`
    await write('1', source)
    const before = await content()
    const refusal = `writes outside its transaction (${what}`
    await expect(migrate(connection, { folder })).rejects.toThrow(refusal)
    const rehearsal = rehearseMigrations(connection, { folder, direction: 'up' })
    await expect(rehearsal).rejects.toThrow(refusal)
    expect(await content()).toEqual(before)
    expect(await states()).toEqual({ '1': 'pending' })
  })

  test('is refused on its way down, too', async () => {
    await write('1', logged('1').replace(/deleteMany\((.*), \{ session \}\)/, 'deleteMany($1)'))
    await migrate(connection, { folder })
    await expect(revertMigrations(connection, { folder })).rejects.toThrow(
      'migration 1 writes outside its transaction (delete on log). That could not be rolled back, so it was not sent, and nothing of the migration was written. Pass the session to each operation, such as updateMany(filter, update, { session }), or add "export const transaction = false" to the file',
    )
    expect(await states()).toEqual({ '1': 'applied' })
  })

  test('is refused if it continues after a failed command', async () => {
    const insert = `db.collection('log').insertOne({ _id: 1 }, { session })`
    await write(
      '1',
      `export const up = async ({ connection: { db }, session }) => {
        await ${insert}
        await ${insert}.catch(() => undefined)
      }`,
    )
    const refusal = /continues after a failed command \(E11000 .*\), but that command has ended its/
    await expect(migrate(connection, { folder })).rejects.toThrow(refusal)
    const rehearsal = rehearseMigrations(connection, { folder, direction: 'up' })
    await expect(rehearsal).rejects.toThrow(refusal)
  })

  test('can read without the session', async () => {
    const source = `export const up = async ({ connection: { db, models: { Account } } }) => {
      for await (const log of db.collection('log').find({}, { batchSize: 1 })) log.name
      await db.collection('log').indexes()
      await db.command({ buildInfo: 1 })
      const account = await Account.findById('A')
      await account.statement()
    }`
    await connection.collection('log').insertMany([{}, {}, {}])
    await write('1', source)
    expect(await rehearseMigrations(connection, { folder, direction: 'up' })).toMatchObject([
      { name: '1', changes: {} },
    ])
    expect(await migrate(connection, { folder })).toEqual(['1'])
  })

  test('lets other code write on the same connection', async () => {
    let meet: () => void = () => undefined
    const met = new Promise<void>((resolve) => (meet = resolve))
    const wrote = met.then(() => connection.collection('log').insertOne({ name: 'by other code' }))
    Object.assign(connection, { meet, wrote })
    const source = `export const up = async ({ connection }) => {
      connection.meet()
      await connection.wrote
    }`
    await write('1', source)
    expect(await migrate(connection, { folder })).toEqual(['1'])
    expect(await connection.collection('log').distinct('name')).toContain('by other code')
  })
})

test('a migration outside a transaction writes without a session', async () => {
  await write('1', loggedOutside('1'))
  await write('2', logged('2'))
  expect(await migrate(connection, { folder })).toEqual(['1', '2'])
})
