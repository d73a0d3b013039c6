import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMigration } from '../../scripts/commands/migrate/template.ts'
import {
  InputError,
  markMigration,
  migrate,
  migrationStatus,
  redoMigration,
  revertMigrations,
} from '../../src/index.ts'
import { recordsOf } from '../../src/migration/record.ts'
import { useDatabase } from '../support/database.ts'
import { logged, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection, Account } = useDatabase()
const { log, states } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

describe('migration files', () => {
  test.each([
    ['is not JavaScript', 'export const = 1', 'cannot be loaded'],
    ['has no function up', 'export const down = () => undefined', 'is not a migration'],
    [
      'is resumable but runs in a transaction',
      'export const resumable = true; export const up = () => undefined',
      'export const transaction = false',
    ],
  ])('do not run if one of them %s', async (_what, source, message) => {
    await write('1', logged('1'))
    await write('2', source)
    await expect(migrate(connection, { folder })).rejects.toThrow(message)
    expect(await log()).toEqual([])
  })

  test('may be CommonJS modules whose exports Node cannot name', async () => {
    const source = `const up = ({ connection, session }) =>
      connection.db.collection('log').insertOne({ name: 'whole' }, { session })
    module.exports = Object.fromEntries([['up', up]])`
    await writeFile(join(folder, '1-whole.cjs'), source)
    expect(await migrate(connection, { folder })).toEqual(['1-whole'])
    expect(await log()).toEqual(['whole'])
  })

  test('are neither hidden files nor folders', async () => {
    await write('.1-hidden', 'what?')
    await mkdir(join(folder, '2-folder.mjs'))
    expect(await migrate(connection, { folder })).toEqual([])
  })

  test('must be in a folder that exists', async () => {
    await expect(migrate(connection, { folder: join(folder, 'none') })).rejects.toThrow(
      'cannot read the migrations folder',
    )
  })

  test('may be missing for applied migrations, which does not stop others', async () => {
    const other = await migrationFolder()
    await other.write('1-theirs', logged('theirs'))
    await migrate(connection, { folder: [folder, other.folder] })
    await write('2-ours', logged('ours'))
    expect(await states()).toEqual({ '1-theirs': 'missing', '2-ours': 'pending' })
    expect(await migrate(connection, { folder })).toEqual(['2-ours'])
    await expect(revertMigrations(connection, { folder, step: 2 })).rejects.toThrow(
      'has no file here',
    )
    expect(await log()).toEqual(['theirs', 'ours'])
  })
})

describe('the content of a file', () => {
  test('makes an applied migration changed when it is edited, and then nothing runs until it is accepted', async () => {
    const path = await write('1', logged('1'))
    await migrate(connection, { folder })
    await writeFile(path, logged('1').replace('insertOne', 'replaceOne'))
    await write('2', logged('2'))
    expect(await states()).toEqual({ '1': 'changed', '2': 'pending' })
    await expect(migrate(connection, { folder })).rejects.toThrow(InputError)
    await expect(revertMigrations(connection, { folder })).rejects.toThrow(
      'was edited after it was applied',
    )
    expect(await log()).toEqual(['1'])
    await markMigration(connection, '1', { folder, as: 'applied' })
    expect(await migrate(connection, { folder })).toEqual(['2'])
  })

  test.each([
    [
      'strings',
      `const of = (cents: number) => [cents! / 100, 'a/b', 'http://one']`,
      `const of = (cents: number) => [cents! / 100, 'a/b', 'http://two']`,
      'changed',
    ],
    ['white space', 'const one = () => { return 5 }', 'const one = () => { return\n5 }', 'changed'],
    ['comments', 'const half = n! / 2 // half', 'const half = n! / 2 // 0.5', 'changed'],
    ['everything except line ends', 'const text = `\n`', 'const text = `\r\n`', 'applied'],
  ])('is compared: %s', async (_what, before, after, state) => {
    const [path, up] = [join(folder, '1.ts'), '\nexport const up = () => undefined\nlet n = 1']
    await writeFile(path, before + up)
    await markMigration(connection, '1', { folder, as: 'applied' })
    await writeFile(path, after + up)
    expect(await states()).toEqual({ '1': state })
  })

  test('is not compared between TypeScript and JavaScript', async () => {
    const path = await write('1', logged('1'))
    await migrate(connection, { folder })
    await rm(path)
    await writeFile(join(folder, '1.ts'), 'export const up = (): void => undefined')
    expect(await states()).toEqual({ '1': 'applied' })
    await writeFile(path, logged('1'))
    await expect(states()).rejects.toThrow('have the same migration name, 1')
  })

  test('may be compiled by tsc: it is the same migration, and can be redone from there', async () => {
    const path = await createMigration(folder, 'add-branch-codes')
    const compiled = join(folder, 'compiled')
    const options =
      '--ignoreConfig --noCheck --types node --module nodenext --target es2023 --rootDir'.split(' ')
    const tsc = ['node_modules/typescript/bin/tsc', ...options, folder, '--outDir', compiled, path]
    await promisify(execFile)(process.execPath, tsc)
    const [name] = await migrate(connection, { folder })
    const applied = { migrations: [{ name, state: 'applied', at: expect.any(Date) as Date }] }
    expect(await migrationStatus(connection, { folder: compiled })).toEqual(applied)
    expect(await redoMigration(connection, { folder: compiled })).toEqual([name])
    expect(await migrationStatus(connection, { folder })).toEqual(applied)
  })

  test('is not compared with the checksum of a record without a language', async () => {
    await write('1', logged('1'))
    await migrate(connection, { folder })
    await recordsOf(connection).updateOne(
      { _id: '1' },
      { $set: { checksum: 'js:earlier' }, $unset: { language: '' } },
    )
    expect(await states()).toEqual({ '1': 'applied' })
  })
})

test('the file that createMigration writes can be applied and reverted', async () => {
  await Account.create({ _id: 'A', holder: 'Ada', currency: 'USD' })
  const path = await createMigration(folder, 'add-branch-codes')
  expect(path).toMatch(/\/\d{14}-add-branch-codes\.ts$/)
  const branches = async () => await connection.collection('accounts').distinct('branch')
  await migrate(connection, { folder })
  expect(await branches()).toEqual(['main'])
  await revertMigrations(connection, { folder })
  expect(await branches()).toEqual([])
  await expect(createMigration(folder, 'Add Codes')).rejects.toThrow(InputError)
})
