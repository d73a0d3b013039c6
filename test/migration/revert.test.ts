import { beforeEach, describe, expect, test } from 'vitest'
import { migrate, redoMigration, revertMigrations } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { logged, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection } = useDatabase()
const { log, states } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
  for (const name of ['1', '2', '3']) await write(name, logged(name))
  await migrate(connection, { folder })
})

describe('revertMigrations', () => {
  test('reverts the last migration', async () => {
    expect(await revertMigrations(connection, { folder })).toEqual(['3'])
    expect(await log()).toEqual(['1', '2'])
    expect(await states()).toEqual({ '1': 'applied', '2': 'applied', '3': 'pending' })
  })

  test('reverts down to and including the named migration, or all, and migrate applies them again', async () => {
    expect(await revertMigrations(connection, { folder, to: '2' })).toEqual(['3', '2'])
    expect(await revertMigrations(connection, { folder, to: '0' })).toEqual(['1'])
    expect(await log()).toEqual([])
    await migrate(connection, { folder })
    expect(await log()).toEqual(['1', '2', '3'])
  })

  test('reverts none if one of them cannot be reverted', async () => {
    await write('4', 'export const up = () => undefined')
    await migrate(connection, { folder })
    await expect(revertMigrations(connection, { folder, to: '2' })).rejects.toThrow(
      'has no function down',
    )
    expect(await log()).toEqual(['1', '2', '3'])
  })

  test('refuses a pending migration: there is nothing to revert', async () => {
    await write('4', logged('4'))
    await expect(revertMigrations(connection, { folder, to: '4' })).rejects.toThrow(
      'migration 4 is not applied, so there is nothing to revert',
    )
  })
})

describe('redoMigration', () => {
  test('reverts the last migration and applies it again, even if others are pending or changed', async () => {
    await write('2a', logged('2a'))
    await write('1', logged('1', { end: 'await 1' }))
    expect(await redoMigration(connection, { folder })).toEqual(['3'])
    expect(await log()).toEqual(['1', '2', '3'])
    expect(await states()).toMatchObject({ '1': 'changed', '2a': 'pending', '3': 'applied' })
  })
})
