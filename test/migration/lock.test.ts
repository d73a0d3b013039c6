import { readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { mongo } from 'mongoose'
import { beforeEach, expect, test, vi } from 'vitest'
import {
  MigrationLockLostError,
  MigrationLockedError,
  breakMigrationLock,
  migrate,
  migrationStatus,
} from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { logged, loggedOutside, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection } = useDatabase()
const { log, states } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

const locks = () => connection.collection<mongo.BSON.Document & { _id: string }>('migration_lock')

/** In a migration's source: waits until the test calls {@link finish}. */
const WAIT = 'await new Promise((resolve) => { globalThis.finish = resolve })'
const finish = () => {
  const { finish: resolve } = globalThis as unknown as { finish: () => void }
  Reflect.deleteProperty(globalThis, 'finish')
  resolve()
}

test('a process that finds the lock taken waits for it, or reports its owner', async () => {
  await write('1', loggedOutside('1', { end: WAIT }))
  const first = migrate(connection, { folder })
  await vi.waitFor(() => expect(globalThis).toHaveProperty('finish'), 20_000)
  expect(await states()).toEqual({ '1': 'running' })
  await expect(migrate(connection, { folder, lockWait: 0 })).rejects.toMatchObject({
    name: MigrationLockedError.name,
    owner: { pid: process.pid },
  })
  await expect(breakMigrationLock(connection)).rejects.toThrow(MigrationLockedError)
  const { lock } = await migrationStatus(connection, { folder })
  expect(lock).toMatchObject({ pid: process.pid })
  const second = migrate(connection, { folder })
  finish()
  expect(await Promise.all([first, second])).toEqual([['1'], []])
  expect(await locks().countDocuments({ _id: 'lock' })).toBe(0)
})

/** The lease of a process on another machine. */
const OTHER_LEASE = {
  _id: 'lock',
  token: 'theirs',
  host: 'elsewhere',
  pid: 1,
  pidNamespace: 'another',
  startTime: '1',
  since: new Date(0),
}

test('a lock that has expired can be taken', async () => {
  await locks().insertOne({ ...OTHER_LEASE, expiresAt: new Date(Date.now() + 60_000) })
  await write('1', logged('1'))
  await expect(migrate(connection, { folder, lockWait: 0 })).rejects.toThrow(
    'the database is being migrated by process 1 on elsewhere since 1970-01-01T00:00:00.000Z',
  )
  await locks().updateOne({ _id: 'lock' }, { $set: { expiresAt: new Date() } })
  expect(await breakMigrationLock(connection)).toMatchObject({ host: 'elsewhere' })
  await locks().insertOne({ ...OTHER_LEASE, expiresAt: new Date() })
  expect(await migrate(connection, { folder, lockWait: 0 })).toEqual(['1'])
})

test('a lock that is renewed can be broken only by force', async () => {
  await locks().insertOne({ ...OTHER_LEASE, expiresAt: new Date(Date.now() + 60_000) })
  await expect(breakMigrationLock(connection)).rejects.toThrow('use --force')
  expect(await breakMigrationLock(connection, { force: true })).toMatchObject({ pid: 1 })
  expect(await breakMigrationLock(connection)).toBeUndefined()
})

test.each([
  ['commits nothing', logged, 'pending', []],
  ['does not record a migration as applied', loggedOutside, 'running', ['1']],
] as const)('a process that has lost the lock %s', async (_what, source, state, left) => {
  const token = 'theirs'
  let start: () => void = () => undefined
  const started = new Promise<void>((resolve) => (start = resolve))
  // The writes are not the migration's: they are only started by it.
  const steal = async () => {
    await started
    await locks().updateMany({}, { $set: { token } })
    await connection
      .collection<{ _id: string }>('migrations')
      .updateOne({ _id: '1' }, { $set: { token } })
  }
  Object.assign(connection, { steal: () => start(), stolen: steal() })
  await write('1', source('1', { end: 'connection.steal(); await connection.stolen' }))
  await expect(migrate(connection, { folder })).rejects.toThrow(MigrationLockLostError)
  expect(await states()).toEqual({ '1': state })
  expect(await log()).toEqual(left)
})

test('the lock is renewed while a migration runs', async () => {
  await write('1', loggedOutside('1', { end: WAIT }))
  const migrating = migrate(connection, { folder })
  const expiry = async () =>
    (await locks().findOne({ _id: 'lock' }))?.['expiresAt'] as Date | undefined
  await vi.waitFor(async () => expect(await expiry()).toBeDefined())
  const first = await expiry()
  await vi.waitFor(async () => expect(await expiry()).not.toEqual(first), { timeout: 20_000 })
  finish()
  await migrating
})

test('a migration in a transaction runs once, even if the lock is renewed in the meantime', async () => {
  await write('1', logged('1', { end: `globalThis.runs = (globalThis.runs ?? 0) + 1; ${WAIT}` }))
  const migrating = migrate(connection, { folder })
  await vi.waitFor(() => expect(globalThis).toHaveProperty('finish'), 20_000)
  const expiry = async () => (await locks().findOne({ _id: 'lock' }))?.['expiresAt'] as Date
  const first = await expiry()
  await vi.waitFor(async () => expect(await expiry()).not.toEqual(first), { timeout: 20_000 })
  finish()
  expect(await migrating).toEqual(['1'])
  expect(globalThis).toHaveProperty('runs', 1)
  Reflect.deleteProperty(globalThis, 'runs')
})

test.each([
  ['in a transaction', logged],
  ['outside a transaction', loggedOutside],
])('a migration %s does not start after the lock was broken', async (_what, source) => {
  await write('1', `await globalThis.breakLock()\n${source('1')}`)
  Object.assign(globalThis, { breakLock: () => breakMigrationLock(connection, { force: true }) })
  await expect(migrate(connection, { folder })).rejects.toThrow(MigrationLockLostError)
  Reflect.deleteProperty(globalThis, 'breakLock')
  expect(await states()).toEqual({ '1': 'pending' })
  expect(await log()).toEqual([])
})

test('a process on another machine with the same host name is not considered ended', async () => {
  const pidNamespace = `0b2ee4b4-0000-4000-8000-000000000000 ${await readlink('/proc/self/ns/pid')}`
  const lease = { ...OTHER_LEASE, host: hostname(), pidNamespace }
  await locks().insertOne({ ...lease, expiresAt: new Date(Date.now() + 60_000) })
  await write('1', logged('1'))
  await expect(migrate(connection, { folder, lockWait: 0 })).rejects.toThrow(MigrationLockedError)
})

test('an interruption rolls back a migration in a transaction and releases the lock', async () => {
  await write('1', logged('1', { end: WAIT }))
  const interruption = new AbortController()
  const migrating = migrate(connection, { folder, signal: interruption.signal })
  await vi.waitFor(() => expect(globalThis).toHaveProperty('finish'), 20_000)
  interruption.abort(new Error('Ctrl-C'))
  finish()
  await expect(migrating).rejects.toThrow('Ctrl-C')
  expect(await log()).toEqual([])
  expect(await states()).toEqual({ '1': 'pending' })
  expect(await locks().countDocuments({ _id: 'lock' })).toBe(0)
})
