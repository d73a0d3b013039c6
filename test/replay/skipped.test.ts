import { describe, expect, test } from 'vitest'
import { freshBatch } from '../../src/models/batch.ts'
import { type PostChunk, databasePoster } from '../../src/replay/posting/chunk-poster.ts'
import { postRows } from '../../src/replay/posting/post-rows.ts'
import { Rehearsal } from '../../src/replay/posting/rehearsal.ts'
import type { Row } from '../../src/replay/reading/row.ts'
import { verify } from '../../src/verification/verify.ts'
import { booksOf, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const request = (transferId: string) => ({ transferId, from: 'A0', to: 'A1', amount: '1' })

/** The rows of a file of four records, two of which are skipped. */
const rows: Row[] = [
  { request: request('T1') },
  { skipped: 'Status is "pending"' },
  { request: request('T4') },
  { skipped: 'the amount is zero' },
].map((row, index) => ({ position: index + 1, line: index + 2, item: 1, text: 'x', ...row }))

const newBatch = () => ({
  ...freshBatch({ name: 'pay', source: 'f', digest: 'd', reading: 'r' }),
  records: rows.length,
})

const postAll = async (postChunk: PostChunk, { isAtomic = false } = {}) => {
  const blocks = (async function* () {
    yield await Promise.resolve(rows)
  })()
  return (await postRows(blocks, postChunk, { start: newBatch(), isAtomic })).record
}

const ofDatabase = () =>
  databasePoster(connection, { newBatch: newBatch(), refusalLimit: 0, advice: '' })

describe('a skipped record', () => {
  test.each([false, true])(
    'is consumed and counted, and neither posted nor refused, with isAtomic %j',
    async (isAtomic) => {
      await openAccounts(Account, { count: 2, openingBalance: '10' })

      const rehearsed = await postAll(
        new Rehearsal(connection).poster({ start: newBatch(), refusalLimit: 0 }),
        { isAtomic },
      )
      const record = await postAll(ofDatabase(), { isAtomic })

      const counts = { position: 4, posted: 2, refused: 0, skipped: 2, status: 'finished' }
      expect([rehearsed, record]).toEqual([
        expect.objectContaining(counts),
        expect.objectContaining(counts),
      ])
      const { transfers, refusals, batches } = await booksOf(connection)
      expect(transfers).toHaveLength(2)
      expect(refusals).toEqual([])
      expect(batches).toEqual([expect.objectContaining(counts)])
      expect(await verify(connection)).toMatchObject({ balanced: true, violations: [] })
    },
  )

  test('is counted once by replays that resume each other', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    await ofDatabase()(rows.slice(0, 2), false)

    const { record } = await ofDatabase()(rows, false)

    expect(record).toMatchObject({ posted: 2, skipped: 2, status: 'finished' })
  })

  test('is not in the record of a batch that has none', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })

    await ofDatabase()(rows.slice(0, 1), false)

    const { batches } = await booksOf(connection)
    expect(batches).toEqual([
      expect.not.objectContaining({ skipped: expect.anything() as unknown }),
    ])
  })
})
