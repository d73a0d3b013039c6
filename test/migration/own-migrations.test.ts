import { describe, expect, test } from 'vitest'
import { migrationFolders } from '../../scripts/context/own-migrations.ts'
import {
  createCollections,
  migrate,
  migrationStatus,
  revertMigrations,
  verify,
} from '../../src/index.ts'
import { recordsOf } from '../../src/migration/record.ts'
import { removeCollections } from '../../src/models/collection-removal.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Hold } = useDatabase()

describe('Daybook’s own migrations', () => {
  test('are recognized by name, even if a release has reworded them', async () => {
    const own = { folder: migrationFolders(undefined) }
    expect(await migrate(connection, own)).toEqual([
      '0001-adopt-notebook',
      '0002-create-collections',
      '0003-effective-dates',
      '0004-groups',
      '0005-holds',
    ])
    await recordsOf(connection).updateMany({}, { $set: { language: 'ts', checksum: 'reworded' } })
    const { migrations } = await migrationStatus(connection, own)
    expect(migrations.map(({ state }) => state)).toEqual(Array.from(migrations, () => 'applied'))
  })

  test('add groups to an existing database, and keep those that are posted when they are reverted', async () => {
    const own = { folder: migrationFolders(undefined) }
    for (const accountId of ['A', 'B']) {
      await Account.open({ accountId, holder: 'Ada', currency: 'USD', overdraftLimit: '1' })
    }
    await migrate(connection, own)
    const toGroups = { ...own, to: '0004-groups' }
    expect(await revertMigrations(connection, toGroups)).toEqual(['0005-holds', '0004-groups'])
    expect(await connection.listCollections()).not.toContainEqual(
      expect.objectContaining({ name: 'transfer_groups' }),
    )
    await migrate(connection, own)
    const legs = [{ from: 'A', to: 'B', amount: '1' }]
    await Account.transferGroup({ groupId: 'G', legs })

    await revertMigrations(connection, toGroups)

    const names = (await connection.collection('transfers').indexes()).map(({ name }) => name)
    expect(names).not.toContain('group_1_leg_1')
    await migrate(connection, own)
    expect(await verify(connection)).toMatchObject({ violations: [], groups: 1 })
  })

  test('add the indexes of effective dates to an existing database, and remove only them', async () => {
    const own = { folder: migrationFolders(undefined) }
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '1' })
    await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
    await Account.transfer({ from: 'A', to: 'B', amount: '1', effectiveAt: new Date() })
    await migrate(connection, own)
    expect(await revertMigrations(connection, { ...own, step: 3 })).toEqual([
      '0005-holds',
      '0004-groups',
      '0003-effective-dates',
    ])
    const indexes = async () => (await connection.collection('transfers').indexes()).length
    expect(await indexes()).toBe(3)
    expect(await migrate(connection, own)).toEqual([
      '0003-effective-dates',
      '0004-groups',
      '0005-holds',
    ])
    expect(await indexes()).toBe(6)
    expect(await verify(connection)).toMatchObject({ violations: [], transfers: 1 })
  })

  test('add the collection of holds to a database that goes on posting, and keep holds that are active', async () => {
    const own = { folder: migrationFolders(undefined) }
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '9' })
    await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
    await migrate(connection, own)
    expect(await revertMigrations(connection, own)).toEqual(['0005-holds'])
    await Account.transfer({ from: 'A', to: 'B', amount: '1' })
    await expect(verify(connection)).rejects.toThrow('has no collection holds')
    await migrate(connection, own)
    expect(await verify(connection)).toMatchObject({ violations: [], transfers: 1 })

    await Account.hold({ holdId: 'H', from: 'A', to: 'B', amount: '1' })
    await expect(revertMigrations(connection, own)).rejects.toThrow('hold "H" is active')
    await Hold.release('H')
    expect(await revertMigrations(connection, own)).toEqual(['0005-holds'])
  })
})

test('removeCollections keeps documents, and createCollections restores the rest', async () => {
  await Account.create({ _id: 'A', holder: 'Ada', currency: 'USD' })
  const collectionNames = async () => {
    const collections = await connection.listCollections()
    return collections.map(({ name }) => name).toSorted()
  }
  await removeCollections(connection)
  expect(await Account.countDocuments()).toBe(1)
  await connection.collection('accounts').insertOne({ holder: 'nobody checks' })
  await connection.collection('accounts').deleteOne({ holder: 'nobody checks' })
  expect(await collectionNames()).not.toContain('transfers')
  await createCollections(connection)
  expect(await collectionNames()).toEqual(
    expect.arrayContaining(['accounts', 'batches', 'refusals', 'transfers']),
  )
  await expect(connection.collection('accounts').insertOne({ holder: 'all do' })).rejects.toThrow()
})
