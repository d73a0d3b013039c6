import { beforeEach, describe, expect, test } from 'vitest'
import { rehearseMigrations } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { logged, loggedOutside, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection, Account } = useDatabase()
const { states } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

describe('rehearseMigrations', () => {
  test('counts what would be written, and writes nothing', async () => {
    await Account.create({ _id: 'A', holder: 'Ada', currency: 'USD' })
    await Account.create({ _id: 'B', holder: 'Bea', currency: 'USD' })
    await write('1', logged('1'))
    const source = `export const up = async ({ connection, session }) => {
      const accounts = connection.db.collection('accounts')
      await accounts.updateMany({}, { $set: { branch: 1 } }, { session })
      await accounts.findOneAndUpdate({ _id: 'A' }, { $set: { branch: 2 } }, { session })
      await accounts.deleteOne({ _id: 'B' }, { session })
      await connection.db.collection('log').updateOne({ name: '1' }, { $set: { name: 1 } }, { session })
      await connection.db.collection('log').updateOne({ _id: 1 }, { $set: { name: 2 } }, { session, upsert: true })
    }`
    await write('2', source)
    await write('3', loggedOutside('3'))
    const before = await connection.db?.collections()
    expect(await rehearseMigrations(connection, { folder, direction: 'up' })).toEqual([
      {
        name: '1',
        direction: 'up',
        changes: { log: { inserted: 1, matched: 0, modified: 0, deleted: 0 } },
      },
      {
        name: '2',
        direction: 'up',
        changes: {
          accounts: { inserted: 0, matched: 3, modified: 3, deleted: 1 },
          log: { inserted: 1, matched: 1, modified: 1, deleted: 0 },
        },
      },
      { name: '3', direction: 'up' },
    ])
    expect(await states()).toEqual({ '1': 'pending', '2': 'pending', '3': 'pending' })
    expect(await connection.db?.collections()).toHaveLength(before?.length ?? -1)
    expect(await Account.countDocuments({ branch: { $exists: true } })).toBe(0)
  })
})
