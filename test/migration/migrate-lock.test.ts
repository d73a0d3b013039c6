import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import type { mongo } from 'mongoose'
import { beforeEach, expect, inject, test, vi } from 'vitest'
import {
  MigrationLockLostError,
  MigrationLockedError,
  breakLock,
  migrate,
  migrationStatus,
} from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { logged, loggedOutside, migrationFolder } from '../support/migrations.ts'

const { connection } = useDatabase()

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

const log = async () => {
  const entries = await connection.collection<{ name: string }>('log').find().toArray()
  return entries.map(({ name }) => name)
}

const states = async () => {
  const { migrations } = await migrationStatus(connection, { folder })
  return Object.fromEntries(migrations.map(({ name, state }) => [name, state]))
}

const locks = () => connection.collection<mongo.BSON.Document & { _id: string }>('migration_lock')

/** Migrates the folder in a process of its own. */
function migrateInProcess(): ChildProcess & {
  ended: Promise<unknown[]>
  stdout: NodeJS.ReadableStream
} {
  const parameters = [inject('mongodbUri'), connection.name, folder]
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/support/migrate-child.ts', ...parameters],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return Object.assign(child, { ended: once(child, 'exit') })
}

/** Migrates in a process that is killed in the middle of a migration that tells that it is there. */
async function migrateAndKill(): Promise<void> {
  const child = migrateInProcess()
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await child.ended
}

/** In a migration's source: tells that it is there, and stays. */
const STAY = `if (process.argv[1].endsWith('migrate-child.ts')) {
  process.stdout.write('here')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}`

test('eight processes at once apply each migration once', async () => {
  await write('1', logged('1'))
  await write('2', loggedOutside('2'))
  await write('3', logged('3'))
  const printed = await Promise.all(
    Array.from({ length: 8 }, () => text(migrateInProcess().stdout)),
  )
  expect(await log()).toEqual(['1', '2', '3'])
  const applied = printed.map(
    (lines) => JSON.parse(lines.trim().split('\n').at(-1) ?? '') as string[],
  )
  expect(applied.flat().toSorted()).toEqual(['1', '2', '3'])
})

test('a killed process leaves nothing of a migration in a transaction', async () => {
  await write('1', logged('1', { end: STAY }))
  await migrateAndKill()
  expect(await states()).toEqual({ '1': 'pending' })
  expect(await migrate(connection, { folder, lockWait: 0 })).toEqual(['1'])
  expect(await log()).toEqual(['1'])
})

test('what a killed process leaves of one outside a transaction is told', async () => {
  await write('1', loggedOutside('1', { end: STAY }))
  await migrateAndKill()
  const { migrations, lock } = await migrationStatus(connection, { folder })
  expect(lock).toBeUndefined()
  expect(migrations).toMatchObject([
    {
      name: '1',
      state: 'running',
      note: expect.stringMatching(
        /^up, begun by process \d+ on .+, which has ended without finishing it$/,
      ) as string,
    },
  ])
  await expect(migrate(connection, { folder })).rejects.toThrow('mark 1 --applied or --pending')
})

test('one that can go on goes on after its process was killed', async () => {
  await write('1', loggedOutside('1', { resumable: true, end: STAY }))
  await migrateAndKill()
  expect(await migrate(connection, { folder, lockWait: 0 })).toEqual(['1'])
  expect(await log()).toEqual(['1', '1'])
  expect(await states()).toEqual({ '1': 'applied' })
})

/** In a migration's source: waits until the test lets it go on. */
const WAIT = 'await new Promise((go) => { globalThis.go = go })'
const letGo = () => {
  const { go } = globalThis as unknown as { go: () => void }
  Reflect.deleteProperty(globalThis, 'go')
  go()
}

test('who finds the lock taken waits for it, or is told by whom', async () => {
  await write('1', loggedOutside('1', { end: WAIT }))
  const first = migrate(connection, { folder })
  await vi.waitFor(() => expect(globalThis).toHaveProperty('go'))
  expect(await states()).toEqual({ '1': 'running' })
  await expect(migrate(connection, { folder, lockWait: 0 })).rejects.toMatchObject({
    name: MigrationLockedError.name,
    owner: { pid: process.pid },
  })
  await expect(breakLock(connection)).rejects.toThrow(MigrationLockedError)
  const { lock } = await migrationStatus(connection, { folder })
  expect(lock).toMatchObject({ pid: process.pid })
  const second = migrate(connection, { folder })
  letGo()
  expect(await Promise.all([first, second])).toEqual([['1'], []])
  expect(await locks().countDocuments({ _id: 'lock' })).toBe(0)
})

const elsewhere = {
  _id: 'lock',
  token: 'theirs',
  host: 'elsewhere',
  pid: 1,
  space: 'another',
  mark: '1',
  since: new Date(0),
}

test('a lock that expired is taken over, whoever held it', async () => {
  await locks().insertOne({ ...elsewhere, expiresAt: new Date(Date.now() + 60_000) })
  await write('1', logged('1'))
  await expect(migrate(connection, { folder, lockWait: 0 })).rejects.toThrow(
    'the database is being migrated by process 1 on elsewhere since 1970-01-01T00:00:00.000Z',
  )
  await locks().updateOne({ _id: 'lock' }, { $set: { expiresAt: new Date() } })
  expect(await breakLock(connection)).toMatchObject({ host: 'elsewhere' })
  await locks().insertOne({ ...elsewhere, expiresAt: new Date() })
  expect(await migrate(connection, { folder, lockWait: 0 })).toEqual(['1'])
})

test('a lock that is renewed is broken by force alone', async () => {
  await locks().insertOne({ ...elsewhere, expiresAt: new Date(Date.now() + 60_000) })
  await expect(breakLock(connection)).rejects.toThrow('use --force')
  expect(await breakLock(connection, { force: true })).toMatchObject({ pid: 1 })
  expect(await breakLock(connection)).toBeUndefined()
})

test.each([
  ['commits nothing', logged, 'pending', []],
  ['does not say that it is applied', loggedOutside, 'running', ['1']],
] as const)('a process that has lost the lock %s', async (_what, source, state, left) => {
  const steal = `await connection.db.collection('migration_lock')
    .updateMany({}, { $set: { token: 'theirs' } })
    await connection.db.collection('migrations').updateOne({ _id: '1' }, { $set: { token: 'theirs' } })`
  await write('1', source('1', { end: steal }))
  await expect(migrate(connection, { folder })).rejects.toThrow(MigrationLockLostError)
  expect(await states()).toEqual({ '1': state })
  expect(await log()).toEqual(left)
})

test('a lock is renewed while a migration runs', async () => {
  await write('1', loggedOutside('1', { end: WAIT }))
  const migrating = migrate(connection, { folder })
  const expiry = async () =>
    (await locks().findOne({ _id: 'lock' }))?.['expiresAt'] as Date | undefined
  await vi.waitFor(async () => expect(await expiry()).toBeDefined())
  const first = await expiry()
  await vi.waitFor(async () => expect(await expiry()).not.toEqual(first), { timeout: 20_000 })
  letGo()
  await migrating
})

test('a migration in a transaction that outlasts a renewal runs once', async () => {
  await write('1', logged('1', { end: `globalThis.runs = (globalThis.runs ?? 0) + 1; ${WAIT}` }))
  const migrating = migrate(connection, { folder })
  await vi.waitFor(() => expect(globalThis).toHaveProperty('go'))
  const expiry = async () => (await locks().findOne({ _id: 'lock' }))?.['expiresAt'] as Date
  const first = await expiry()
  await vi.waitFor(async () => expect(await expiry()).not.toEqual(first), { timeout: 20_000 })
  letGo()
  expect(await migrating).toEqual(['1'])
  expect(globalThis).toHaveProperty('runs', 1)
  Reflect.deleteProperty(globalThis, 'runs')
})

test.each([
  ['in a transaction', logged],
  ['outside', loggedOutside],
])('one %s does not begin in a process whose lock was broken meanwhile', async (_what, source) => {
  await write('1', `await globalThis.breakLock()\n${source('1')}`)
  Object.assign(globalThis, { breakLock: () => breakLock(connection, { force: true }) })
  await expect(migrate(connection, { folder })).rejects.toThrow(MigrationLockLostError)
  Reflect.deleteProperty(globalThis, 'breakLock')
  expect(await states()).toEqual({ '1': 'pending' })
  expect(await log()).toEqual([])
})

test('a process of another machine with this one’s name is not taken for one that has ended', async () => {
  const space = `0b2ee4b4-0000-4000-8000-000000000000 ${await readlink('/proc/self/ns/pid')}`
  const lease = { ...elsewhere, host: hostname(), space }
  await locks().insertOne({ ...lease, expiresAt: new Date(Date.now() + 60_000) })
  await write('1', logged('1'))
  await expect(migrate(connection, { folder, lockWait: 0 })).rejects.toThrow(MigrationLockedError)
})

test('an interruption takes a migration in a transaction back, and frees the lock', async () => {
  await write('1', logged('1', { end: WAIT }))
  const interruption = new AbortController()
  const migrating = migrate(connection, { folder, signal: interruption.signal })
  await vi.waitFor(() => expect(globalThis).toHaveProperty('go'))
  interruption.abort(new Error('Ctrl-C'))
  letGo()
  await expect(migrating).rejects.toThrow('Ctrl-C')
  expect(await log()).toEqual([])
  expect(await states()).toEqual({ '1': 'pending' })
  expect(await locks().countDocuments({ _id: 'lock' })).toBe(0)
})
