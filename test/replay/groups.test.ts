import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Rehearsal, type RowRequest, type TransformFunction } from '../../src/index.ts'
import { freshBatch } from '../../src/models/batch.ts'
import { databasePoster } from '../../src/replay/posting/chunk-poster.ts'
import { RowQueue } from '../../src/replay/posting/row-queue.ts'
import type { Row } from '../../src/replay/reading/row.ts'
import { replay } from '../../src/replay/replay.ts'
import { failNext } from '../../src/testing/index.ts'
import { verify } from '../../src/verification/verify.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const HEAD = 'group,id,from,to,amount\n'

describe('a group of a file', () => {
  test('is posted whole, or refused whole with the codes of its legs', async () => {
    const { summary, posted, refused, refusals, transfers } = await replayed(
      `${HEAD}O-1,T1,A0,A1,990\nO-1,T2,A0,A2,1.50\nO-2,T3,A0,A1,5\nO-2,T4,A0,NOBODY,1\n,T5,A0,A1,8.50\n`,
    )

    expect(posted).toEqual(['T1 A0 A1 990', 'T2 A0 A2 1.5', 'T5 A0 A1 8.5'])
    expect(refused).toEqual(['4 LINKED_TRANSFER_REFUSED', '5 ACCOUNT_NOT_FOUND'])
    expect(refusals[0]?.message).toBe('transfer T3 is in group O-2 with T4, which was refused')
    expect(transfers.map(({ group, leg, legs }) => [group, leg, legs])).toEqual([
      ['O-1', 1, 2],
      ['O-1', 2, 2],
      [undefined, undefined, undefined],
    ])
    expect(summary).toMatchObject({ posted: 3, refused: 2, amountByCurrency: { USD: '1000.00' } })
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('leaves nothing behind that a later line could spend, or that could stop it', async () => {
    const { posted, refused } = await replayed(
      `${HEAD}G,T1,A0,A1,1000\nG,T2,A1,A2,2000\nG,T3,A2,NOBODY,1\n,T4,A1,A2,1000.01\n,T5,A0,A1,1000\n,T1,A1,A2,7\n`,
    )

    expect(posted).toEqual(['T5 A0 A1 1000', 'T1 A1 A2 7'])
    expect(refused).toEqual([
      '2 LINKED_TRANSFER_REFUSED',
      '3 LINKED_TRANSFER_REFUSED',
      '4 ACCOUNT_NOT_FOUND',
      '5 INSUFFICIENT_FUNDS',
    ])
  })

  test('ends where another group starts, or a line has none', async () => {
    const { refused } = await replayed(
      `${HEAD}G,T1,A0,A1,1\nH,T2,A0,NOBODY,1\nI,T3,A0,A1,1\n,T4,A0,A1,1\nJ,T5,A0,NOBODY,1\n`,
    )

    expect(refused).toEqual(['3 ACCOUNT_NOT_FOUND', '6 ACCOUNT_NOT_FOUND'])
  })

  test('cannot be continued behind other lines, unless it was refused', async () => {
    const { refused, refusals } = await replayed(
      `${HEAD}G,T1,A0,A1,1\n,T2,A0,A1,1\nG,T3,A0,A1,1\nH,T4,A0,NOBODY,1\n,T5,A0,A1,1\nH,T6,A0,A1,1\n`,
    )

    expect(refused).toEqual(['4 TRANSFER_CONFLICT', '5 ACCOUNT_NOT_FOUND'])
    expect(refusals[0]?.message).toBe(
      'transfer T3 cannot join group G, which is already posted without it',
    )
    expect(await verify(connection)).toMatchObject({ groups: 2, violations: [] })
  })

  test('is the same in another file whose lines have no ids, and a conflict where one differs', async () => {
    const head = 'group,from,to,amount\n'
    await replayed(`${head}G,A0,A1,1\nG,A0,A2,1\n`)
    const again = await makeFile('again.csv', `${head},A0,A1,7\nG,A0,A1,1\nG,A0,A2,1\n`)
    const other = await makeFile('other.csv', `${head}G,A0,A1,1\nG,A0,A2,2\n`)

    for (const dryRun of [true, false]) {
      expect(await replay(connection, { file: again, dryRun })).toMatchObject({
        posted: 1,
        existing: 2,
      })
    }
    expect(await replay(connection, { file: other })).toMatchObject({ existing: 1, refused: 1 })
    const { refusals } = await booksOf(connection)
    expect(refusals).toMatchObject([
      { message: 'transfer batch.csv:3 is already posted with a different amount' },
    ])
  })

  test('is existing when it is posted as it is, and a conflict with another number of legs', async () => {
    const content = `${HEAD}G,T1,A0,A1,1\nG,T2,A0,A1,1\n`
    await replayed(content)
    const again = await makeFile('again.csv', content)
    const longer = await makeFile('longer.csv', `${content}G,T3,A0,A1,1\n,T4,A0,A1,1\n`)

    expect(await replay(connection, { file: again })).toMatchObject({ existing: 2 })
    for (const dryRun of [true, false]) {
      expect(await replay(connection, { file: longer, dryRun })).toMatchObject({
        posted: 1,
        refusedByCode: { TRANSFER_CONFLICT: 3 },
      })
    }
    const { refusals } = await booksOf(connection)
    expect(refusals).toMatchObject([
      { message: 'transfer T1 is already posted with a different number of legs' },
      { message: 'transfer T2 is already posted with a different number of legs' },
      { message: 'transfer T3 cannot join group G, which is already posted without it' },
    ])
  })

  test('is part of what a repeated id is compared by', async () => {
    const { refused } = await replayed(
      `${HEAD}G,T1,A0,A1,1\n,T1,A0,A1,1\nH,T2,A0,A1,1\nH,T1,A0,A1,1\n`,
    )

    expect(refused).toEqual([
      '3 TRANSFER_CONFLICT',
      '4 LINKED_TRANSFER_REFUSED',
      '5 TRANSFER_CONFLICT',
    ])
  })

  test.each([true, false])(
    'is refused beside a line that cannot be read, which may be a leg of it, with dryRun %j',
    async (dryRun) => {
      const rejects = await makeFile('rejects.csv', '')

      await replayed(
        `${HEAD}G,T1,A0,A1,1\nG,T2\nG,T3,A0,A1,1\n,T4,A0,A1,1\nbad\nH,T5,A0,A1,1\nI,T6,A0,A1,1\n`,
        { rejects, dryRun },
      )

      const [, ...lines] = (await readFile(rejects, 'utf8')).trimEnd().split('\n')
      expect(lines.map((line) => /^(\w+),.*?,(\d),/.exec(line)?.slice(1).join(' '))).toEqual([
        'LINKED_TRANSFER_REFUSED 2',
        'MALFORMED_LINE 3',
        'LINKED_TRANSFER_REFUSED 4',
        'MALFORMED_LINE 6',
        'LINKED_TRANSFER_REFUSED 7',
      ])
      expect(lines[0]).toContain(
        'transfer T1 is in group G beside line 3, which cannot be read and may belong to the group',
      )
    },
  )

  test('is not one with a group of the same name behind such a line', async () => {
    const { refused } = await replayed(`${HEAD}G,T1,A0,A1,1\nbad\nG,T2,A0,NOBODY,1\nG,T1,A1,A2,7\n`)

    expect(refused).toEqual([
      '2 LINKED_TRANSFER_REFUSED',
      '3 MALFORMED_LINE',
      '4 ACCOUNT_NOT_FOUND',
      '5 LINKED_TRANSFER_REFUSED',
    ])
  })

  test('stays refused beside such a line when the batch is continued after it', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.csv', `${HEAD}bad\nG,T1,A0,A1,1\n`)

    expect(await replay(connection, { file, maxErrors: 1 })).toMatchObject({ read: 1 })
    expect(await replay(connection, { file })).toMatchObject({
      resumedAt: 1,
      refusedByCode: { MALFORMED_LINE: 1, LINKED_TRANSFER_REFUSED: 1 },
    })
  })

  test('stops a replay before its first line, for the reason of the leg that was refused', async () => {
    const { summary, posted } = await replayed(
      `${HEAD},T0,A0,A1,1\nG,T1,A0,A1,1\nG,T2,A0,NOBODY,1\nG,T3,A0,A1,1\n`,
      { onError: 'stop' },
    )

    expect(summary).toMatchObject({
      status: 'stopped',
      read: 1,
      stoppedAt: { line: 4, code: 'ACCOUNT_NOT_FOUND' },
    })
    expect(posted).toEqual(['T0 A0 A1 1'])
  })

  test('is refused with the rest of an atomic batch', async () => {
    const { summary } = await replayed(`${HEAD},T1,A0,A1,1\nG,T2,A0,A1,1\nG,T3,A0,NOBODY,1\n`, {
      atomic: true,
    })

    expect(summary.refusedByCode).toEqual({ LINKED_TRANSFER_REFUSED: 2, ACCOUNT_NOT_FOUND: 1 })
  })

  test('is posted by a retry as a whole', async () => {
    const { file } = await replayed(`${HEAD}G,T1,A0,A1,1\nG,T2,A0,NOBODY,1\nH,T3,A0,NOBODY2,1\n`)
    await Account.open({ accountId: 'NOBODY', holder: 'Ada', currency: 'USD' })

    expect(await replay(connection, { file, retry: true })).toMatchObject({
      posted: 2,
      refusedByCode: { ACCOUNT_NOT_FOUND: 1 },
    })
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('has a name by the rule of ids', async () => {
    const { refusals } = await replayed(
      `${HEAD}${'g'.repeat(129)},T1,A0,A1,1\na\u00A0b,T2,A0,A1,1\n`,
    )

    expect(refusals.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      expect.stringMatching(/^MALFORMED_LINE: group "g+… is not a text of 1–128 printable/),
      expect.stringContaining('U+00A0'),
    ])
  })
})

describe('a group of a transform', () => {
  test('spans the transfers of one record, and of the next ones', async () => {
    const legs: TransformFunction = ({ order, to = '' }) => {
      const transfer: RowRequest = { from: 'A0', to, amount: '1', group: order }
      return [transfer, { ...transfer, to: 'A2' }]
    }
    const { posted, refused } = await replayed('order,to\nO1,A1\nO2,A1\nO2,NOBODY\nO3,A1\n', {
      transform: legs,
    })

    expect(posted).toEqual([
      'batch.csv:2 A0 A1 1',
      'batch.csv:2#2 A0 A2 1',
      'batch.csv:5 A0 A1 1',
      'batch.csv:5#2 A0 A2 1',
    ])
    expect(refused).toHaveLength(4)
  })
})

describe('a chunk', () => {
  const row = (position: number, group?: string): Row => ({
    position,
    line: position,
    item: 1,
    text: '',
    ...(group === 'skipped'
      ? { skipped: 'zero' }
      : { request: { transferId: `T${position}`, from: 'A0', to: 'A1', amount: '1', group } }),
  })

  const rowsOf = (...groups: (string | undefined)[]) =>
    groups.map((group, index) => row(index + 1, group))

  const queueOf = (...blocks: Row[][]) =>
    new RowQueue(
      (async function* () {
        for (const block of blocks) yield await Promise.resolve(block)
      })(),
      'batch.csv',
    )

  test('ends where a group ends, also if skipped rows are among it', async () => {
    const rows = rowsOf(undefined, 'G', 'G', 'skipped', 'G', 'skipped', 'H', 'H', undefined)
    const queue = queueOf(rows.slice(0, 3), [], rows.slice(3))

    const taken = [await queue.take(2), await queue.take(1), await queue.take(9)]

    expect(taken.map((chunk) => chunk.map(({ position }) => position))).toEqual([
      [1, 2, 3, 4, 5, 6],
      [7, 8],
      [9],
    ])
  })

  test('is an error if its group is larger than a transaction', async () => {
    const rows = Array.from({ length: 50_002 }, (_, index) => row(index + 1, index > 0 ? 'G' : 'A'))

    await expect(queueOf(rows).take(9)).rejects.toThrow(
      '"batch.csv", line 2: the group that starts here has more than 50000 transfers',
    )
  })

  test('that a write conflict shortens still ends where a group ends', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '1000' })
    const rows = rowsOf(
      ...Array.from({ length: 150 }, (_, index) => (index >= 90 && index < 140 ? 'G' : undefined)),
    )
    const newBatch = {
      ...freshBatch({ name: 'b', source: 'f', digest: 'd', reading: 'r' }),
      records: 150,
    }
    const postChunk = databasePoster(connection, { newBatch, refusalLimit: Infinity, advice: '' })
    await failNext(connection, 'write-conflict')

    const { record, effort } = await postChunk(rows, false)

    expect({ position: record.position, ...effort }).toMatchObject({
      position: 140,
      isContended: true,
    })
  })
})

test('groups in one rehearsal find what the files before would have posted', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '10' })
  const one = await makeFile('one.csv', `${HEAD}G,T1,A0,A1,1\nG,T2,A0,A1,1\n`)
  const two = await makeFile('two.csv', `${HEAD}G,T1,A0,A1,1\nG,T3,A0,A1,1\n`)
  const dryRun = new Rehearsal(connection)

  await replay(connection, { file: one, dryRun })

  expect(await replay(connection, { file: two, dryRun })).toMatchObject({
    existing: 1,
    refusedByCode: { TRANSFER_CONFLICT: 1 },
  })
})
