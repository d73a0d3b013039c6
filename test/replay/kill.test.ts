import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import mongoose from 'mongoose'
import { expect, inject, test, vi } from 'vitest'
import { endAbandonedTransactions } from '../../src/mongodb/abandoned-transactions.ts'
import { type ReplaySummary, replay } from '../../src/replay/replay.ts'
import { failNext } from '../../src/testing/index.ts'
import { verify } from '../../src/verification/verify.ts'
import { booksOf, hardBatch, holdBatch, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { orderTransfers, ordersFile } from '../support/orders.ts'
import { compiled } from '../support/programs.ts'

const { connection, Account } = useDatabase()

const LINES = 9_000

/** What stands around the transfers has no influence on where a replay resumes. */
const OPTIONS = { skip: 2, skipLast: 2 }
const KILLS = 3

/** Replays in a child process, and kills it some milliseconds after its first chunk. Returns whether it was killed. */
async function replayAndKill(file: string, delay: number, options: object): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [
      compiled('test/support/replay-child.ts'),
      inject('mongodbUri'),
      connection.name,
      file,
      JSON.stringify(options),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay))
  const [, signal] = (await exited) as [number | null, string | null]
  return signal === 'SIGKILL'
}

/** The transactions that the server still keeps for the connections with this name. */
const openTransactions = (appName: string) =>
  connection
    .getClient()
    .db('admin')
    .aggregate([
      { $currentOp: { idleSessions: true } },
      { $match: { type: 'idleSession', appName, transaction: { $exists: true } } },
    ])
    .toArray()

/** Ends the transactions of killed processes. Otherwise the database could not be dropped for a minute. */
const endAllAbandoned = () =>
  vi.waitFor(
    async () => {
      await endAbandonedTransactions(connection)
      expect(await openTransactions(connection.name)).toEqual([])
    },
    { timeout: 10_000 },
  )

test('a batch whose replay is killed several times ends as if it had run undisturbed', async () => {
  const content = `Account statement\n\n${hardBatch(LINES, 50)}total\nend\n`
  await openAccounts(Account, { count: 50, openingBalance: '500' })
  const whole = await makeFile('batch.csv', content)
  const undisturbed = await replay(connection, { ...OPTIONS, file: whole })
  const books = await booksOf(connection)
  for (const name of ['accounts', 'transfers', 'transfer_groups', 'refusals', 'batches']) {
    await connection.collection(name).deleteMany({})
  }
  await openAccounts(Account, { count: 50, openingBalance: '500' })
  const file = await makeFile('batch.csv', content)

  const delays: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const delay = Math.floor(Math.random() * 120)
    if (!(await replayAndKill(file, delay, OPTIONS))) break
    delays.push(delay)
  }
  const last = await replay(connection, { ...OPTIONS, file })
  await endAllAbandoned()

  expect(delays.length, `killed after ${delays.join(', ')} ms`).toBeGreaterThan(0)
  expect(last).toMatchObject({
    read: LINES,
    posted: undisturbed.posted,
    refusedByCode: undisturbed.refusedByCode,
    amountByCurrency: undisturbed.amountByCurrency,
  })
  expect(await booksOf(connection)).toEqual(books)
  expect(await verify(connection)).not.toHaveProperty('violation')
}, 60_000)

test('a killed batch of groups that open their accounts ends as if it had run undisturbed', async () => {
  const file = await makeFile('orders.csv', ordersFile(2_500))
  // The child's function is compiled, so its source differs.
  const transform = { transform: orderTransfers, version: '1' }
  const undisturbed = await replay(connection, { file, transform })
  const books = await booksOf(connection)
  for (const name of ['accounts', 'transfers', 'transfer_groups', 'refusals', 'batches']) {
    await connection.collection(name).deleteMany({})
  }

  const delays: number[] = []
  for (const delay of [10, 70].map((most) => Math.floor(Math.random() * most))) {
    if (!(await replayAndKill(file, delay, {}))) break
    delays.push(delay)
  }
  const last = await replay(connection, { file, transform })
  await endAllAbandoned()

  expect(delays.length, `killed after ${delays.join(', ')} ms`).toBeGreaterThan(0)
  expect(last).toMatchObject({
    posted: undisturbed.posted,
    skipped: undisturbed.skipped,
    refusedByCode: undisturbed.refusedByCode,
    accountsOpened: undisturbed.accountsOpened,
  })
  expect(Object.keys(undisturbed.refusedByCode)).toEqual(
    expect.arrayContaining(['MALFORMED_LINE', 'LINKED_TRANSFER_REFUSED', 'INSUFFICIENT_FUNDS']),
  )
  expect(await booksOf(connection)).toEqual(books)
  expect(await verify(connection)).toMatchObject({ violations: [] })
}, 60_000)

test('a killed batch with holds ends as if it had run undisturbed, and as its rehearsal said', async () => {
  const begin = () => openAccounts(Account, { count: 40, openingBalance: '500' })
  await begin()
  const file = await makeFile('batch.csv', holdBatch(5_000, 40))
  const rehearsed = await replay(connection, { file, dryRun: true })
  const undisturbed = await replay(connection, { file })
  const books = await booksOf(connection)
  for (const name of ['accounts', 'transfers', 'holds', 'refusals', 'batches']) {
    await connection.collection(name).deleteMany({})
  }
  await begin()

  const delays: number[] = []
  for (const delay of [10, 70].map((most) => Math.floor(Math.random() * most))) {
    if (!(await replayAndKill(file, delay, {}))) break
    delays.push(delay)
  }
  const last = await replay(connection, { file })
  await endAllAbandoned()

  expect(delays.length, `killed after ${delays.join(', ')} ms`).toBeGreaterThan(0)
  expect(countsOf(last)).toEqual(countsOf(undisturbed))
  expect(countsOf(rehearsed)).toEqual(countsOf(undisturbed))
  expect(Object.keys(undisturbed.refusedByCode).toSorted()).toEqual([
    'HOLD_EXCEEDED',
    'HOLD_NOT_ACTIVE',
    'HOLD_NOT_FOUND',
    'INSUFFICIENT_FUNDS',
    'MALFORMED_LINE',
    'SAME_ACCOUNT',
    'TRANSFER_CONFLICT',
  ])
  expect(await booksOf(connection)).toEqual(books)
  expect(await verify(connection)).toMatchObject({ violations: [] })
}, 60_000)

const countsOf = (summary: ReplaySummary) => {
  const { posted, existing, holdsPlaced, holdsReleased, refusedByCode, amountByCurrency } = summary
  return { posted, existing, holdsPlaced, holdsReleased, refusedByCode, amountByCurrency }
}

test('only the abandoned transactions of the same program are ended', async () => {
  const other = await mongoose
    .createConnection(inject('mongodbUri'), { dbName: connection.name, appName: randomUUID() })
    .asPromise()
  const sessions = []
  for (const client of [other, connection]) {
    const session = await client.startSession()
    session.startTransaction()
    await client.collection('accounts').findOne({}, { session })
    await failNext(client, { commands: ['find'], closeConnection: true })
    await expect(client.collection('accounts').findOne({}, { session })).rejects.toThrow('closed')
    sessions.push(session)
  }
  const { appName = '' } = other.getClient().options

  await endAllAbandoned()

  expect(await openTransactions(appName)).toHaveLength(1)
  for (const session of sessions) await session.endSession()
  await other.close()
})
