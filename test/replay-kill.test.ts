import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, inject, test } from 'vitest'
import { endAbandonedTransactions } from '../src/replay/abandoned.ts'
import { replay } from '../src/replay/replay.ts'
import { verify } from '../src/verify.ts'
import { booksOf, hardBatch, makeFile, openAccounts } from './support/batch.ts'
import { useDatabase } from './support/database.ts'

const { connection, Account } = useDatabase()

const LINES = 9_000
const KILLS = 3

/** Replays in a process of its own that is killed some milliseconds after its first posting; gives whether it was. */
async function replayAndKill(file: string, delay: number): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      'test/support/replay-child.ts',
      inject('mongodbUri'),
      connection.name,
      file,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay))
  const [, signal] = (await ended) as [number | null, string | null]
  return signal === 'SIGKILL'
}

test('a batch that is killed again and again ends as one that nobody disturbed', async () => {
  const content = hardBatch(LINES, 50)
  await openAccounts(Account, { count: 50, openingBalance: '500' })
  const undisturbed = await replay(connection, { file: await makeFile('batch.csv', content) })
  const books = await booksOf(connection)
  for (const name of ['accounts', 'transfers', 'refusals', 'batches']) {
    await connection.collection(name).deleteMany({})
  }
  await openAccounts(Account, { count: 50, openingBalance: '500' })
  const file = await makeFile('batch.csv', content)

  const delays: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const delay = Math.floor(Math.random() * 120)
    if (!(await replayAndKill(file, delay))) break
    delays.push(delay)
  }
  const last = await replay(connection, { file })
  // Else the database could not be dropped for a minute.
  await endAbandonedTransactions(connection)

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
