import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, expect, inject, test } from 'vitest'
import { migrate, migrationStatus } from '../../src/index.ts'
import { endAllAbandonedTransactions } from '../../src/mongodb/abandoned-transactions.ts'
import { useDatabase } from '../support/database.ts'
import { compiled } from '../support/programs.ts'
import { logged, loggedOutside, migrationFolder, migrationState } from '../support/migrations.ts'

const { connection } = useDatabase()
const { log, states } = migrationState(connection, () => folder)

let folder: string
let write: (name: string, source: string) => Promise<string>

beforeEach(async () => {
  ;({ folder, write } = await migrationFolder())
})

/** Dropping the database would wait up to a minute for the transaction of a killed process. */
afterAll(() => endAllAbandonedTransactions(connection))

/** Runs the folder's migrations in another process. */
function migrateInProcess(): ChildProcess & {
  ended: Promise<unknown[]>
  stdout: NodeJS.ReadableStream
} {
  const parameters = [inject('mongodbUri'), connection.name, folder]
  const child = spawn(
    process.execPath,
    [compiled('test/support/migrate-child.ts'), ...parameters],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return Object.assign(child, { ended: once(child, 'exit') })
}

/** Runs the folder's migrations in another process, and kills it in the migration that has {@link STAY}. */
async function migrateAndKill(): Promise<void> {
  const child = migrateInProcess()
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await child.ended
}

/** In a migration's source: reports that the migration runs, and does not end. Only in the other process. */
const STAY = `if (process.argv[1].endsWith('migrate-child.js')) {
  process.stdout.write('here')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}`

test('eight processes at the same time apply each migration once', async () => {
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

test('a killed process leaves nothing behind of a migration in a transaction', async () => {
  await write('1', logged('1', { end: STAY }))
  await migrateAndKill()
  expect(await states()).toEqual({ '1': 'pending' })
  expect(await migrate(connection, { folder, lockWait: 0 })).toEqual(['1'])
  expect(await log()).toEqual(['1'])
})

test('a migration outside a transaction stays running after its process was killed', async () => {
  await write('1', loggedOutside('1', { end: STAY }))
  await migrateAndKill()
  const { migrations, lock } = await migrationStatus(connection, { folder })
  expect(lock).toBeUndefined()
  expect(migrations).toMatchObject([
    {
      name: '1',
      state: 'running',
      note: expect.stringMatching(
        /^up, started by process \d+ on .+, which ended without finishing it$/,
      ) as string,
    },
  ])
  await expect(migrate(connection, { folder })).rejects.toThrow('mark 1 --applied or --pending')
})

test('a resumable migration continues after its process was killed', async () => {
  await write('1', loggedOutside('1', { resumable: true, end: STAY }))
  await migrateAndKill()
  expect(await migrate(connection, { folder, lockWait: 0 })).toEqual(['1'])
  expect(await log()).toEqual(['1', '1'])
  expect(await states()).toEqual({ '1': 'applied' })
})
