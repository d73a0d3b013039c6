import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { freshBatch } from '../../src/models/batch.ts'
import { databasePoster } from '../../src/replay/posting/chunk-poster.ts'
import type { Row } from '../../src/replay/reading/row.ts'
import { replay } from '../../src/replay/replay.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

/** A CSV file of transfers with notes of the given length. No account can pay the last transfer. */
const longLines = (count: number, length: number) =>
  [
    'id,from,to,amount,note',
    ...Array.from({ length: count }, (_, index) => `T${index},A0,A1,0.01,${'x'.repeat(length)}`),
    'last,A0,A1,999999999,',
  ].join('\n')

test('an atomic batch of long lines is refused as a whole', async () => {
  const { summary, posted, refused } = await replayed(longLines(9_000, 1_000), { atomic: true })

  expect(summary).toMatchObject({
    status: 'refused',
    posted: 0,
    refused: 9_001,
    refusedByCode: { LINKED_TRANSFER_REFUSED: 9_000, INSUFFICIENT_FUNDS: 1 },
  })
  expect({ posted, refused }).toEqual({ posted: [], refused: [] })
  expect((await booksOf(connection)).batches).toEqual([])
})

test.each([{ dryRun: false }, { dryRun: true }])(
  'a file with more text than one transaction may hold is refused with %j',
  async (options) => {
    await openAccounts(Account, { count: 2, openingBalance: '1000' })
    const file = await makeFile('batch.csv', longLines(17_000, 1_000))

    await expect(replay(connection, { file, atomic: true, ...options })).rejects.toThrow(
      /the file's records have 17\d{6} characters, but one transaction holds at most 16777216: split the file, or leave --atomic out/,
    )
    expect((await booksOf(connection)).transfers).toEqual([])
  },
)

test('the rejects of an atomic batch name the refused id in short printable text', async () => {
  const id = `\u001B[31m${'L'.repeat(100_000)}`
  const rejects = await makeFile('rejects.csv', '')

  await replayed(`id,from,to,amount\nT1,A0,A1,1\n${id},A0,A1,1\n`, { atomic: true, rejects })

  const [, linked] = (await readFile(rejects, 'utf8')).split('\n')
  expect(linked).toMatch(/^LINKED_TRANSFER_REFUSED,.{1,200}\\u001b\[31mL.{1,200},2,T1,A0,A1,1$/)
})

test('the rest of a batch that another process has started is not posted as atomic', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '1000' })
  const rows = [1, 2, 3].map((position): Row => {
    const request = { transferId: `T${position}`, from: 'A0', to: 'A1', amount: '1' }
    return { position, line: position, item: 1, text: '', request }
  })
  const newBatch = freshBatch({ name: 'batch', source: 'f', digest: 'd', reading: 'r' })
  newBatch.records = 3
  const postChunk = databasePoster(connection, { newBatch, refusalLimit: Infinity, advice: '' })
  await postChunk(rows.slice(0, 1), false)

  await expect(postChunk(rows, true)).rejects.toThrow(
    /^batch "batch" is already posted up to record 1 of 3, so it cannot be atomic: /,
  )
  expect((await booksOf(connection)).transfers).toHaveLength(1)
})

test.each([{ dryRun: false }, { dryRun: true }])(
  'a line that repeats another of an atomic batch is refused with it, with %j',
  async (options) => {
    await openAccounts(Account, { count: 2, openingBalance: '1000' })
    const lines = ['id,from,to,amount', 'T1,A0,A1,1', 'T1,A0,A1,1', 'T2,A0,NOBODY,1']
    const file = await makeFile('batch.csv', lines.join('\n'))

    expect(await replay(connection, { file, atomic: true, ...options })).toMatchObject({
      existing: 0,
      refusedByCode: { LINKED_TRANSFER_REFUSED: 2, ACCOUNT_NOT_FOUND: 1 },
    })
  },
)
