import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMigration } from '../../scripts/commands/migrate/template.ts'
import { migrationFolders } from '../../scripts/context/own-migrations.ts'
import {
  createCollections,
  InputError,
  mark,
  migrate,
  MigrationFailedError,
  MigrationStateError,
  migrationStatus,
  redo,
  rehearseMigrations,
  revert,
} from '../../src/index.ts'
import { recordsOf } from '../../src/migration/record.ts'
import { removeCollections } from '../../src/models/collections.ts'
import { type Failure, failNext } from '../../src/testing.ts'
import { useDatabase } from '../support/database.ts'
import { logged, loggedOutside, migrationFolder } from '../support/migrations.ts'

const { connection, Account } = useDatabase()

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

const NO_ID = { projection: { _id: 0 } }

const log = async () => {
  const entries = await connection.collection<{ name: string }>('log').find().toArray()
  return entries.map(({ name }) => name)
}

const states = async () => {
  const { migrations } = await migrationStatus(connection, { folder })
  return Object.fromEntries(migrations.map(({ name, state }) => [name, state]))
}

const noteOf = async (name: string) => {
  const { migrations } = await migrationStatus(connection, { folder })
  return migrations.find((migration) => migration.name === name)?.note
}

describe('migrate', () => {
  test('applies what is pending in the order of the names, once', async () => {
    await write('2-b', logged('b'))
    await write('1-a', loggedOutside('a'))
    const told: string[] = []
    const record = (message: string) => void told.push(message)
    expect(await migrate(connection, { folder, log: record })).toEqual(['1-a', '2-b'])
    expect(told).toEqual(['applied 1-a', 'applied 2-b'])
    expect(await migrate(connection, { folder })).toEqual([])
    expect(await log()).toEqual(['a', 'b'])
    expect(await states()).toEqual({ '1-a': 'applied', '2-b': 'applied' })
  })

  test('goes up to the one that is named, or so many', async () => {
    for (const name of ['1', '2', '3', '4']) await write(name, logged(name))
    expect(await migrate(connection, { folder, to: '2' })).toEqual(['1', '2'])
    expect(await migrate(connection, { folder, to: '2' })).toEqual([])
    expect(await migrate(connection, { folder, step: 1 })).toEqual(['3'])
    await expect(migrate(connection, { folder, to: 'none' })).rejects.toThrow(
      'there is no migration none: expected one of 1, 2, 3, 4',
    )
  })

  test('takes one that throws back with its record, and keeps those before it', async () => {
    await write('1', logged('1'))
    await write('2', logged('2', { end: 'throw new Error("out of paint")' }))
    await write('3', logged('3'))
    const failure = migrate(connection, { folder })
    await expect(failure).rejects.toThrow(MigrationFailedError)
    await expect(failure).rejects.toMatchObject({
      migration: '2',
      direction: 'up',
      message:
        'migration 2 (up) failed: out of paint\nnothing that it did with its session was kept',
      cause: { message: 'out of paint' },
    })
    expect(await log()).toEqual(['1'])
    expect(await states()).toEqual({ '1': 'applied', '2': 'pending', '3': 'pending' })
  })

  test('says what no transaction can do', async () => {
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
    ['the commit fails in passing', { commands, errorCode: 112, errorLabels }],
    ['the commit’s reply is lost', { commands, closeConnection: true }],
  ])('applies and reverts once when %s', async (_what, failure) => {
    await connection.collection('log').insertOne({ name: 'before' })
    await write('1', logged('1'))
    await failNext(connection, failure)
    expect(await migrate(connection, { folder })).toEqual(['1'])
    expect(await log()).toEqual(['before', '1'])
    await failNext(connection, failure)
    expect(await revert(connection, { folder })).toEqual(['1'])
    expect(await log()).toEqual(['before'])
  })

  test('keeps what became of one outside a transaction, until somebody says how it stands', async () => {
    await write('1', loggedOutside('1', { end: 'throw new Error("out of paint")' }))
    await write('2', logged('2'))
    await expect(migrate(connection, { folder })).rejects.toThrow(
      'it may be half done: look, put it right, then daybook migrate mark 1 --applied or --pending',
    )
    expect(await states()).toEqual({ '1': 'failed', '2': 'pending' })
    expect(await noteOf('1')).toBe('up: out of paint')
    await expect(migrate(connection, { folder })).rejects.toThrow(MigrationStateError)
    expect(await log()).toEqual(['1'])

    await mark(connection, '1', { folder, as: 'applied' })
    expect(await migrate(connection, { folder })).toEqual(['2'])
    await mark(connection, '1', { folder, as: 'pending' })
    expect(await states()).toEqual({ '1': 'pending', '2': 'applied' })
  })

  test('goes on with one that can begin from whatever it left', async () => {
    const end = `if ((await connection.db.collection('log').countDocuments()) < 2) throw new Error()`
    await write('1', loggedOutside('1', { resumable: true, end }))
    await expect(migrate(connection, { folder })).rejects.toThrow('run the same command again')
    expect(await states()).toEqual({ '1': 'failed' })
    expect(await migrate(connection, { folder })).toEqual(['1'])
    expect(await states()).toEqual({ '1': 'applied' })
  })

  test('reports an edited migration as changed, and runs nothing until that is settled', async () => {
    const path = await write('1', logged('1'))
    await migrate(connection, { folder })
    await writeFile(path, logged('1').replace('insertOne', 'replaceOne'))
    await write('2', logged('2'))
    expect(await states()).toEqual({ '1': 'changed', '2': 'pending' })
    await expect(migrate(connection, { folder })).rejects.toThrow(InputError)
    await expect(revert(connection, { folder })).rejects.toThrow('was edited after it was applied')
    expect(await log()).toEqual(['1'])
    await mark(connection, '1', { folder, as: 'applied' })
    expect(await migrate(connection, { folder })).toEqual(['2'])
  })

  test.each([
    [
      'a text after a division of a value that is asserted not to be null',
      `const of = (cents: number) => [cents! / 100, 'a/b', 'http://one']`,
      `const of = (cents: number) => [cents! / 100, 'a/b', 'http://two']`,
      'changed',
    ],
    [
      'where a statement ends',
      'const one = () => { return 5 }',
      'const one = () => { return\n5 }',
      'changed',
    ],
    ['comments', 'const half = n! / 2 // half', 'const half = n! / 2 // 0.5', 'changed'],
    ['no line ends', 'const text = `\n`', 'const text = `\r\n`', 'applied'],
  ])('compares %s', async (_what, before, after, state) => {
    const [path, up] = [join(folder, '1.ts'), '\nexport const up = () => undefined\nlet n = 1']
    await writeFile(path, before + up)
    await mark(connection, '1', { folder, as: 'applied' })
    await writeFile(path, after + up)
    expect(await states()).toEqual({ '1': state })
  })

  test('does not compare TypeScript with JavaScript', async () => {
    const path = await write('1', logged('1'))
    await migrate(connection, { folder })
    await rm(path)
    await writeFile(join(folder, '1.ts'), 'export const up = (): void => undefined')
    expect(await states()).toEqual({ '1': 'applied' })
    await writeFile(path, logged('1'))
    await expect(states()).rejects.toThrow('have the same migration name, 1')
  })

  test('takes what tsc makes of a migration for the same migration', async () => {
    const path = await createMigration(folder, 'add-branch-codes')
    const compiled = join(folder, 'compiled')
    const options =
      '--ignoreConfig --noCheck --types node --module nodenext --target es2023 --rootDir'.split(' ')
    const tsc = ['node_modules/typescript/bin/tsc', ...options, folder, '--outDir', compiled, path]
    await promisify(execFile)(process.execPath, tsc)
    const [name] = await migrate(connection, { folder })
    const applied = { migrations: [{ name, state: 'applied', at: expect.any(Date) as Date }] }
    expect(await migrationStatus(connection, { folder: compiled })).toEqual(applied)
    expect(await redo(connection, { folder: compiled })).toEqual([name])
    expect(await migrationStatus(connection, { folder })).toEqual(applied)
  })

  test('recognizes what an earlier version recorded, with a checksum of another kind, by its name', async () => {
    await write('1', logged('1'))
    await migrate(connection, { folder })
    await recordsOf(connection).updateOne(
      { _id: '1' },
      { $set: { checksum: 'js:earlier' }, $unset: { language: '' } },
    )
    expect(await states()).toEqual({ '1': 'applied' })
  })

  test('recognizes Daybook’s own migrations by their names, however they are reworded', async () => {
    const own = { folder: migrationFolders(undefined) }
    expect(await migrate(connection, own)).toEqual([
      '0001-adopt-notebook',
      '0002-create-collections',
    ])
    await recordsOf(connection).updateMany({}, { $set: { language: 'ts', checksum: 'reworded' } })
    const { migrations } = await migrationStatus(connection, own)
    expect(migrations).toMatchObject([{ state: 'applied' }, { state: 'applied' }])
  })

  test.each([
    ['is no JavaScript', 'export const = 1', 'cannot be loaded'],
    ['has no function up', 'export const down = () => undefined', 'is not a migration'],
    [
      'says that it is resumable in a transaction',
      'export const resumable = true; export const up = () => undefined',
      'export const transaction = false',
    ],
  ])('runs nothing where a file %s', async (_what, source, message) => {
    await write('1', logged('1'))
    await write('2', source)
    await expect(migrate(connection, { folder })).rejects.toThrow(message)
    expect(await log()).toEqual([])
  })

  test('takes one that is no module, whatever Node tells of its exports', async () => {
    const source = `const up = ({ connection, session }) =>
      connection.db.collection('log').insertOne({ name: 'whole' }, { session })
    module.exports = Object.fromEntries([['up', up]])`
    await writeFile(join(folder, '1-whole.cjs'), source)
    expect(await migrate(connection, { folder })).toEqual(['1-whole'])
    expect(await log()).toEqual(['whole'])
  })

  test('sees neither hidden files nor folders', async () => {
    await write('.1-hidden', 'what?')
    await mkdir(join(folder, '2-folder.mjs'))
    expect(await migrate(connection, { folder })).toEqual([])
  })

  test('names a folder that is not there', async () => {
    await expect(migrate(connection, { folder: join(folder, 'none') })).rejects.toThrow(InputError)
  })

  test('shows one whose file is elsewhere, and goes on without it', async () => {
    const other = await migrationFolder()
    await other.write('1-theirs', logged('theirs'))
    await migrate(connection, { folder: [folder, other.folder] })
    await write('2-ours', logged('ours'))
    expect(await states()).toEqual({ '1-theirs': 'missing', '2-ours': 'pending' })
    expect(await migrate(connection, { folder })).toEqual(['2-ours'])
    await expect(revert(connection, { folder, step: 2 })).rejects.toThrow('has no file here')
    expect(await log()).toEqual(['theirs', 'ours'])
  })
})

describe('revert', () => {
  beforeEach(async () => {
    for (const name of ['1', '2', '3']) await write(name, logged(name))
    await migrate(connection, { folder })
  })

  test('takes the last one back', async () => {
    expect(await revert(connection, { folder })).toEqual(['3'])
    expect(await log()).toEqual(['1', '2'])
    expect(await states()).toEqual({ '1': 'applied', '2': 'applied', '3': 'pending' })
  })

  test('goes down to the one that is named, with it, or to zero, and up again', async () => {
    expect(await revert(connection, { folder, to: '2' })).toEqual(['3', '2'])
    expect(await revert(connection, { folder, to: '0' })).toEqual(['1'])
    expect(await log()).toEqual([])
    await migrate(connection, { folder })
    expect(await log()).toEqual(['1', '2', '3'])
  })

  test('reverts none where one of them cannot be reverted', async () => {
    await write('4', 'export const up = () => undefined')
    await migrate(connection, { folder })
    await expect(revert(connection, { folder, to: '2' })).rejects.toThrow('has no function down')
    expect(await log()).toEqual(['1', '2', '3'])
  })

  test('is undone by redo at once, whatever others are pending or changed', async () => {
    await write('2a', logged('2a'))
    await write('1', logged('1', { end: 'await 1' }))
    expect(await redo(connection, { folder })).toEqual(['3'])
    expect(await log()).toEqual(['1', '2', '3'])
    expect(await states()).toMatchObject({ '1': 'changed', '2a': 'pending', '3': 'applied' })
  })

  test('says of one that is pending that there is nothing to revert', async () => {
    await write('4', logged('4'))
    await expect(revert(connection, { folder, to: '4' })).rejects.toThrow(
      'migration 4 is not applied, so there is nothing to revert',
    )
  })
})

describe('a rehearsal', () => {
  test('counts what would be written, and writes nothing at all', async () => {
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

  test.each([
    ['insert on log', `collection('log').insertOne({})`],
    ['update on log', `collection('log').updateOne({}, { $set: { a: 1 } }); throw new Error('x')`],
    ['renameCollection on', `collection('log').rename('diary')`],
    ['dropDatabase on test-', 'dropDatabase()'],
    ['aggregate on log', `collection('log').aggregate([{ $out: 'diary' }]).toArray()`],
    ['createIndexes on log', `collection('log').createIndex({ a: 1 })`],
  ])('sends no %s that is outside the transaction', async (what, work) => {
    await connection.collection('log').insertOne({ name: 'kept' })
    await write('1', `export const up = async ({ connection }) => { await connection.db.${work} }`)
    await expect(rehearseMigrations(connection, { folder, direction: 'up' })).rejects.toThrow(
      `writes outside its transaction (${what}`,
    )
    expect(await connection.collection('log').find({}, NO_ID).toArray()).toEqual([{ name: 'kept' }])
    expect(await connection.collection('log').indexes()).toHaveLength(1)
    expect(await connection.db?.listCollections({ name: 'diary' }).toArray()).toEqual([])
  })

  test('reads outside of it, too', async () => {
    const source = `export const up = async ({ connection }) => {
      for await (const log of connection.db.collection('log').find({}, { batchSize: 1 })) log.name
    }`
    await connection.collection('log').insertMany([{}, {}, {}])
    await write('1', source)
    expect(await rehearseMigrations(connection, { folder, direction: 'up' })).toMatchObject([
      { name: '1', changes: {} },
    ])
  })

  test('finds a write that fails and is caught, as it ends a transaction', async () => {
    const insert = `collection('log').insertOne({ _id: 1 }, { session })`
    await write(
      '1',
      `export const up = async ({ connection, session }) => {
        await connection.db.${insert}
        await connection.db.${insert}.catch(() => undefined)
      }`,
    )
    await expect(rehearseMigrations(connection, { folder, direction: 'up' })).rejects.toThrow(
      /goes on after a write that failed \(E11000 .*\), which has ended its transaction/,
    )
  })
})

test('the status of a database that is empty is told, and nothing is written', async () => {
  await write('1', logged('1'))
  const names = async () => (await connection.listCollections()).map(({ name }) => name).toSorted()
  const before = await names()
  const status = await migrationStatus(connection, { folder })
  expect(status).toEqual({ migrations: [{ name: '1', state: 'pending' }] })
  expect(await names()).toEqual(before)
})

test('the collections go as they came, and no document with them', async () => {
  await Account.create({ _id: 'A', holder: 'Ada', currency: 'USD' })
  const described = async () => {
    const collections = await connection.listCollections()
    return collections.map(({ name }) => name).toSorted()
  }
  await removeCollections(connection)
  expect(await Account.countDocuments()).toBe(1)
  await connection.collection('accounts').insertOne({ holder: 'nobody checks' })
  await connection.collection('accounts').deleteOne({ holder: 'nobody checks' })
  expect(await described()).not.toContain('transfers')
  await createCollections(connection)
  expect(await described()).toEqual(
    expect.arrayContaining(['accounts', 'batches', 'refusals', 'transfers']),
  )
  await expect(connection.collection('accounts').insertOne({ holder: 'all do' })).rejects.toThrow()
})

test('a new migration’s file can be applied and reverted as it is, and is written once', async () => {
  await Account.create({ _id: 'A', holder: 'Ada', currency: 'USD' })
  const path = await createMigration(folder, 'add-branch-codes')
  expect(path).toMatch(/\/\d{14}-add-branch-codes\.ts$/)
  const branches = async () => await connection.collection('accounts').distinct('branch')
  await migrate(connection, { folder })
  expect(await branches()).toEqual(['main'])
  await revert(connection, { folder })
  expect(await branches()).toEqual([])
  await expect(createMigration(folder, 'Add Codes')).rejects.toThrow(InputError)
})
