import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { freshBatch } from '../../src/models/batch.ts'
import { databaseBook } from '../../src/replay/posting/book.ts'
import type { Row } from '../../src/replay/reading/row.ts'
import { replay } from '../../src/replay/replay.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

/** Lines of some length, and a last one that no account can pay. */
const longLines = (count: number, length: number) =>
  [
    'id,from,to,amount,note',
    ...Array.from({ length: count }, (_, index) => `T${index},A0,A1,0.01,${'x'.repeat(length)}`),
    'last,A0,A1,999999999,',
  ].join('\n')

test('an atomic batch of long lines is refused whole', async () => {
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
  'a file with more text than one transaction should hold is not begun with %j',
  async (options) => {
    await openAccounts(Account, { count: 2, openingBalance: '1000' })
    const file = await makeFile('batch.csv', longLines(17_000, 1_000))

    await expect(replay(connection, { file, atomic: true, ...options })).rejects.toThrow(
      /the file's records have 17\d{6} characters, and one transaction holds 16777216 at most: split the file, or leave --atomic out/,
    )
    expect((await booksOf(connection)).transfers).toEqual([])
  },
)

test('the lines of an atomic batch name the id that was refused in short printable text', async () => {
  const id = `\u001B[31m${'L'.repeat(100_000)}`
  const rejects = await makeFile('rejects.csv', '')

  await replayed(`id,from,to,amount\nT1,A0,A1,1\n${id},A0,A1,1\n`, { atomic: true, rejects })

  const [, linked] = (await readFile(rejects, 'utf8')).split('\n')
  expect(linked).toMatch(/^LINKED_TRANSFER_REFUSED,.{1,200}\\u001b\[31mL.{1,200},2,T1,A0,A1,1$/)
})

test('what is left of a batch that another process has begun is not posted as atomic', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '1000' })
  const rows = [1, 2, 3].map((position): Row => {
    const request = { transferId: `T${position}`, from: 'A0', to: 'A1', amount: '1' }
    return { position, line: position, item: 1, text: '', request }
  })
  const fresh = freshBatch({ name: 'batch', source: 'f', digest: 'd', reading: 'r' })
  fresh.records = 3
  const book = databaseBook(connection, { fresh, most: Infinity, advice: '' })
  await book.advance(rows.slice(0, 1), { isAtomic: false })

  await expect(book.advance(rows, { isAtomic: true })).rejects.toThrow(
    /^batch "batch" is posted up to record 1 of 3, so it cannot be atomic any more/,
  )
  expect((await booksOf(connection)).transfers).toHaveLength(1)
})
