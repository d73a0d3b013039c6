import { beforeEach, describe, expect, test } from 'vitest'
import {
  MigrationFailedError,
  MigrationStateError,
  markMigration,
  migrate,
  migrationStatus,
  revertMigrations,
} from '../../src/index.ts'
import { type Failure, failNext } from '../../src/testing/index.ts'
import { useDatabase } from '../support/database.ts'
import { logged, loggedOutside, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection } = useDatabase()
const { log, states, noteOf } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

describe('migrate', () => {
  test('applies pending migrations once, in the order of their names', async () => {
    await write('2-b', logged('b'))
    await write('1-a', loggedOutside('a'))
    const messages: string[] = []
    const record = (message: string) => void messages.push(message)
    expect(await migrate(connection, { folder, log: record })).toEqual(['1-a', '2-b'])
    expect(messages).toEqual(['applied 1-a', 'applied 2-b'])
    expect(await migrate(connection, { folder })).toEqual([])
    expect(await log()).toEqual(['a', 'b'])
    expect(await states()).toEqual({ '1-a': 'applied', '2-b': 'applied' })
  })

  test('prints the names of migrations without anything that a terminal would act on', async () => {
    const name = '1-\u001B[2J\u202E'
    await write(name, logged('a', { end: 'throw new Error("no")' }))
    const outside = await migrationFolder()
    await outside.write(name, loggedOutside('b', { end: 'throw new Error("no")' }))
    const calls = [
      () => migrate(connection, { folder }),
      () => revertMigrations(connection, { folder, to: name }),
      () => migrate(connection, { folder: outside.folder }),
      () => migrate(connection, { folder: outside.folder }),
      () => revertMigrations(connection, { folder: [], step: 1 }),
    ]
    for (const call of calls) {
      const { message } = (await call().catch((error: unknown) => error)) as Error
      expect(message).toContain(String.raw`1-\u001b[2J\u202e`)
      expect(message).not.toContain('\u001B')
      expect(message).not.toContain('\u202E')
    }
  })

  test('applies up to the named migration, or a number of them', async () => {
    for (const name of ['1', '2', '3', '4']) await write(name, logged(name))
    expect(await migrate(connection, { folder, to: '2' })).toEqual(['1', '2'])
    expect(await migrate(connection, { folder, to: '2' })).toEqual([])
    expect(await migrate(connection, { folder, step: 1 })).toEqual(['3'])
    await expect(migrate(connection, { folder, to: 'none' })).rejects.toThrow(
      'there is no migration none: expected one of 1, 2, 3, 4',
    )
  })

  test('rolls back a migration that throws, with its record, and keeps the earlier ones', async () => {
    await write('1', logged('1'))
    await write('2', logged('2', { end: 'throw new Error("out of paint")' }))
    await write('3', logged('3'))
    const failure = migrate(connection, { folder })
    await expect(failure).rejects.toThrow(MigrationFailedError)
    await expect(failure).rejects.toMatchObject({
      migration: '2',
      direction: 'up',
      message:
        'migration 2 (up) failed: out of paint\neverything that it wrote with its session was rolled back',
      cause: { message: 'out of paint' },
    })
    expect(await log()).toEqual(['1'])
    expect(await states()).toEqual({ '1': 'applied', '2': 'pending', '3': 'pending' })
  })

  test('says what to do about a change that is not possible in a transaction', async () => {
    const source = `export const up = async ({ connection, session }) => {
      await connection.db.collection('log').insertOne({}, { session })
      await connection.db.collection('log').createIndex({ name: 1 }, { session })
    }`
    await write('1', source)
    await expect(migrate(connection, { folder })).rejects.toThrow(
      /export const transaction = false/,
    )
    expect(await log()).toEqual([])
  })

  const commands = ['commitTransaction']
  const errorLabels = ['TransientTransactionError']

  test.each<[string, Failure]>([
    ['the commit fails and can be repeated', { commands, errorCode: 112, errorLabels }],
    ['the reply to the commit is lost', { commands, closeConnection: true }],
  ])('applies and reverts once when %s', async (_what, failure) => {
    await connection.collection('log').insertOne({ name: 'before' })
    await write('1', logged('1'))
    await failNext(connection, failure)
    expect(await migrate(connection, { folder })).toEqual(['1'])
    expect(await log()).toEqual(['before', '1'])
    await failNext(connection, failure)
    expect(await revertMigrations(connection, { folder })).toEqual(['1'])
    expect(await log()).toEqual(['before'])
  })

  test('explains an error of the database', async () => {
    await write('1', logged('1'))
    await failNext(connection, { commands: ['find'], errorCode: 8000 })
    await expect(migrate(connection, { folder })).rejects.toMatchObject({
      name: 'DatabaseError',
      message: expect.stringMatching(/^MongoDB: .*\. Correct the cause, then try again$/) as string,
      cause: { code: 8000 },
    })
  })

  test('stops at a failed migration outside a transaction until it is marked as applied or pending', async () => {
    await write('1', loggedOutside('1', { end: 'throw new Error("out of paint")' }))
    await write('2', logged('2'))
    await expect(migrate(connection, { folder })).rejects.toThrow(
      'it may be half done. Check and repair the database, then run daybook migrate mark 1 --applied or --pending',
    )
    expect(await states()).toEqual({ '1': 'failed', '2': 'pending' })
    expect(await noteOf('1')).toBe('up: out of paint')
    await expect(migrate(connection, { folder })).rejects.toThrow(MigrationStateError)
    expect(await log()).toEqual(['1'])

    await markMigration(connection, '1', { folder, as: 'applied' })
    expect(await migrate(connection, { folder })).toEqual(['2'])
    await markMigration(connection, '1', { folder, as: 'pending' })
    expect(await states()).toEqual({ '1': 'pending', '2': 'applied' })
  })

  test('continues a resumable migration that failed', async () => {
    const end = `if ((await connection.db.collection('log').countDocuments()) < 2) throw new Error()`
    await write('1', loggedOutside('1', { resumable: true, end }))
    await expect(migrate(connection, { folder })).rejects.toThrow('run the same command again')
    expect(await states()).toEqual({ '1': 'failed' })
    expect(await migrate(connection, { folder })).toEqual(['1'])
    expect(await states()).toEqual({ '1': 'applied' })
  })
})

test('migrationStatus reads an empty database and writes nothing', async () => {
  await write('1', logged('1'))
  const names = async () => (await connection.listCollections()).map(({ name }) => name).toSorted()
  const before = await names()
  const status = await migrationStatus(connection, { folder })
  expect(status).toEqual({ migrations: [{ name: '1', state: 'pending' }] })
  expect(await names()).toEqual(before)
})
