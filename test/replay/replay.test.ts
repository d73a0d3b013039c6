import { createReadStream } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type ReplayOptions, type ReplaySummary, replay } from '../../src/replay/replay.ts'
import type { ReplayProgress } from '../../src/replay/summary.ts'
import { type Failure, failNext } from '../../src/testing/index.ts'
import { booksOf, hardBatch, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const balanceOf = async (id: string) => (await Account.findById(id))?.balance.toString()

const timeless = (summary: ReplaySummary) => ({ ...summary, seconds: 0, rate: 0 })

describe('replay', () => {
  test('posts the lines in order, so that a line can spend what an earlier line brought in', async () => {
    await openAccounts(Account, { count: 3, openingBalance: '0' })
    await Account.open({ accountId: 'bank', holder: 'Bank', currency: 'USD', openingBalance: '10' })
    const file = await makeFile(
      'batch.csv',
      'id,from,to,amount\nT1,A0,A1,4\nT2,bank,A0,10\nT3,A0,A1,7.50\nT4,A1,A2,7.5\n',
    )

    const summary = await replay(connection, { file })

    expect(summary).toMatchObject({
      name: 'batch.csv',
      status: 'finished',
      alreadyFinished: false,
      dryRun: false,
      records: 4,
      read: 4,
      posted: 3,
      existing: 0,
      refused: 1,
      refusedByCode: { INSUFFICIENT_FUNDS: 1 },
      amountByCurrency: { USD: '25.00' },
      resumedAt: 0,
    })
    expect(await balanceOf('A0')).toBe('2.5')
    expect(await balanceOf('A2')).toBe('7.5')
    expect(await Transfer.findById('T3')).toMatchObject({ batch: 'batch.csv' })
    expect((await booksOf(connection)).refusals).toEqual([
      {
        _id: { batch: 'batch.csv', line: 2 },
        transferId: 'T1',
        code: 'INSUFFICIENT_FUNDS',
        message: 'account A0 has 0.00 USD available, but the transfer needs 4.00',
        row: 'T1,A0,A1,4',
      },
    ])
  })

  test('does nothing the second time', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(500, 20))
    const first = await replay(connection, { file })
    const books = await booksOf(connection)

    const second = await replay(connection, { file })

    expect(timeless(second)).toEqual({
      ...timeless(first),
      alreadyFinished: true,
      resumedAt: 500,
    })
    expect(await booksOf(connection)).toEqual(books)
  })

  test('makes the ids from the batch and the line if the file has none', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,A1,1\n\nA1,A0,2\n')

    await replay(connection, { file })
    await replay(connection, { file, name: 'n'.repeat(200) })

    const ids = (await Transfer.find().sort({ _id: 1 })).map(({ _id }) => _id)
    expect(ids).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}:2$/),
      expect.stringMatching(/^[0-9a-f]{32}:4$/),
      'batch.csv:2',
      'batch.csv:4',
    ])
  })

  test('counts the transfers of another batch as existing', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(500, 20))
    const first = await replay(connection, { file })

    const second = await replay(connection, { file, name: 'again' })

    expect(second.existing).toBeGreaterThanOrEqual(first.posted)
    expect(second.read).toBe(second.posted + second.existing + second.refused)
  })

  test('replays an empty batch', async () => {
    const file = await makeFile('batch.csv', 'from,to,amount\n')

    expect(await replay(connection, { file })).toMatchObject({ status: 'finished', read: 0 })
    expect(await replay(connection, { file })).toMatchObject({ alreadyFinished: true, read: 0 })
  })

  test('names a batch from the standard input after its content', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const content = 'from,to,amount\nA0,A1,1\n'
    const stdin = () =>
      Readable.from([Buffer.from(content.slice(0, 9)), Buffer.from(content.slice(9))])

    const first = await replay(connection, { file: '-', stdin: stdin() })
    const second = await replay(connection, { file: '-', stdin: stdin() })

    expect(first).toMatchObject({ source: 'standard input', posted: 1 })
    expect(first.name).toBe(`stdin-${first.digest.slice(0, 16)}`)
    expect(second.alreadyFinished).toBe(true)
    const named = await replay(connection, { file: '-', stdin: stdin(), name: 'mine' })
    expect(named.name).toBe('mine')
  })

  test('refuses another file under the name of a batch', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,A1,1\n')
    await replay(connection, { file })
    await writeFile(file, 'from,to,amount\nA0,A1,2\n')

    await expect(replay(connection, { file })).rejects.toThrow(
      /^batch "batch.csv" was started with another file: .* \(--as NAME\)$/,
    )
  })

  test('refuses to continue a batch with options that read the file differently', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,A1,1\n')
    await replay(connection, { file })

    await expect(replay(connection, { file, currency: 'EUR' })).rejects.toThrow(
      /^batch "batch.csv" was started with the options /,
    )
    await expect(
      replay(connection, { file, format: 'csv', delimiter: ',' }),
    ).resolves.toMatchObject({ alreadyFinished: true })
  })

  test('reports its progress', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(3_000, 20))
    const reports: ReplayProgress[] = []

    const summary = await replay(connection, {
      file,
      onProgress: (progress) => reports.push(progress),
    })

    expect(reports.at(-1)).toMatchObject({
      name: 'batch.csv',
      phase: 'posting',
      read: 3_000,
      records: 3_000,
      posted: summary.posted,
      refused: summary.refused,
    })
  })
})

/** Returns the books after an undisturbed replay, and then undoes it. */
async function undisturbed(content: string) {
  await openAccounts(Account, { count: 20, openingBalance: '100' })
  await replay(connection, { file: await makeFile('batch.csv', content) })
  const books = await booksOf(connection)
  for (const name of ['accounts', 'transfers', 'refusals', 'batches']) {
    await connection.collection(name).deleteMany({})
  }
  await openAccounts(Account, { count: 20, openingBalance: '100' })
  return books
}

describe('a disturbed replay', () => {
  test('continues after an interruption and ends as if there had been none', async () => {
    const content = hardBatch(6_000, 20)
    const books = await undisturbed(content)
    const file = await makeFile('batch.csv', content)
    const interruption = new AbortController()

    const first = await replay(connection, {
      file,
      signal: interruption.signal,
      onProgress: ({ phase }) => {
        if (phase === 'posting') interruption.abort()
      },
    })
    const second = await replay(connection, { file })

    expect(first).toMatchObject({ status: 'interrupted', read: 1_000 })
    expect(second).toMatchObject({ status: 'finished', resumedAt: 1_000, read: 6_000 })
    expect(await booksOf(connection)).toEqual(books)
  })

  test.each<[string, Failure]>([
    ['are lost on the way', { commands: ['commitTransaction'], closeConnection: true }],
    [
      'fail temporarily',
      {
        commands: ['commitTransaction'],
        errorCode: 251,
        errorLabels: ['TransientTransactionError'],
      },
    ],
    [
      'fail because the session was ended from outside',
      { commands: ['commitTransaction'], errorCode: 11_601 },
    ],
    [
      'succeed but report an unknown outcome',
      {
        commands: ['commitTransaction'],
        writeConcernError: { code: 50, errmsg: 'operation exceeded time limit' },
      },
    ],
  ])('posts once when commits %s', async (_, failure) => {
    const content = hardBatch(3_000, 20)
    const books = await undisturbed(content)
    await failNext(connection, failure)

    await replay(connection, { file: await makeFile('batch.csv', content) })

    expect(await booksOf(connection)).toEqual(books)
  })

  test('posts a shorter chunk after a write conflict', async () => {
    const content = hardBatch(3_000, 20)
    const books = await undisturbed(content)
    const read: number[] = []
    await failNext(connection, { commands: ['update'], errorCode: 112 })

    const file = await makeFile('batch.csv', content)
    await replay(connection, { file, onProgress: (progress) => read.push(progress.read) })

    expect(read).toContain(500)
    expect(await booksOf(connection)).toEqual(books)
  })

  test('posts once when several processes replay one batch at the same time', async () => {
    const content = hardBatch(6_000, 20)
    const books = await undisturbed(content)
    const file = await makeFile('batch.csv', content)

    const summaries = await Promise.all([1, 2, 3].map(() => replay(connection, { file })))

    expect(await booksOf(connection)).toEqual(books)
    expect(new Set(summaries.map(({ posted }) => posted)).size).toBe(1)
  })

  test('stops posting when the file changes while it is read', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(20_000, 20))
    const options: ReplayOptions = {
      file,
      onProgress: ({ phase }) => {
        if (phase === 'posting') void writeFile(file, 'from,to,amount\n')
      },
    }

    await expect(replay(connection, options)).rejects.toThrow(/changed while it was being read/)
  })

  test('continues with its file when another file takes the name', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(5_000, 20))
    const other = await makeFile('other.csv', 'from,to,amount\n')
    let isRenamed = false

    const summary = await replay(connection, {
      file,
      onProgress: () => {
        if (!isRenamed) void rename(other, file)
        isRenamed = true
      },
    })

    expect(summary.read).toBe(5_000)
  })
})

describe('replay at a refusal', () => {
  const content =
    'id,from,to,amount\nT1,A0,A1,1\nT2,A0,nobody,1\nT3,A0,A1,1\nT4,nobody,A1,1\nT5,A0,A1,1\n'

  test('stops right before the line, and starts with it when the file is replayed again', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', content)

    const stopped = await replay(connection, { file, onError: 'stop' })
    const again = await replay(connection, { file, onError: 'stop' })
    await Account.open({ accountId: 'nobody', holder: 'Bo', currency: 'USD', openingBalance: '9' })
    const fixed = await replay(connection, { file, onError: 'stop' })

    expect(stopped).toMatchObject({
      status: 'stopped',
      read: 1,
      posted: 1,
      refused: 0,
      stoppedAt: { line: 3, transferId: 'T2', code: 'ACCOUNT_NOT_FOUND' },
    })
    expect(timeless(again)).toEqual({ ...timeless(stopped), resumedAt: 1 })
    expect(fixed).toMatchObject({ status: 'finished', read: 5, posted: 5, resumedAt: 1 })
  })

  test('stops before the first line', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,A1\nA0,A1,1\n')

    const summary = await replay(connection, { file, onError: 'stop' })

    expect(summary).toMatchObject({
      status: 'stopped',
      read: 0,
      stoppedAt: { line: 2, code: 'MALFORMED_LINE' },
    })
    expect((await booksOf(connection)).batches).toEqual([])
  })

  test('allows maxErrors refusals and stops before the next', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', content)

    expect(await replay(connection, { file, maxErrors: 1 })).toMatchObject({
      status: 'stopped',
      read: 3,
      refused: 1,
      stoppedAt: { line: 5 },
    })
    expect(await replay(connection, { file, maxErrors: 2 })).toMatchObject({
      status: 'finished',
      read: 5,
      refused: 2,
    })
  })

  test('posts nothing of an atomic batch, and counts the codes of all lines', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', content)
    const before = await booksOf(connection)

    const summary = await replay(connection, { file, atomic: true })

    expect(summary).toMatchObject({
      status: 'refused',
      read: 5,
      posted: 0,
      refused: 5,
      refusedByCode: { ACCOUNT_NOT_FOUND: 2, LINKED_TRANSFER_REFUSED: 3 },
      amountByCurrency: {},
    })
    expect(await booksOf(connection)).toEqual(before)
    await Account.open({ accountId: 'nobody', holder: 'Bo', currency: 'USD', openingBalance: '9' })
    expect(await replay(connection, { file, atomic: true })).toMatchObject({ posted: 5 })
  })

  test('refuses an atomic batch if a line cannot be read', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,A1,1\nA0,A1\n')

    expect(await replay(connection, { file, atomic: true })).toMatchObject({
      status: 'refused',
      refusedByCode: { MALFORMED_LINE: 1, LINKED_TRANSFER_REFUSED: 1 },
    })
    expect(await balanceOf('A0')).toBe('100')
  })

  test('refuses an atomic batch that is too large, or that was started without atomic', async () => {
    const large = await makeFile('large.csv', `from,to,amount\n${'A0,A1,1\n'.repeat(50_001)}`)
    const file = await makeFile('batch.csv', content)
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    await replay(connection, { file, onError: 'stop' })

    await expect(replay(connection, { file: large, atomic: true })).rejects.toThrow(
      /50001 transfers, but one transaction holds at most 50000/,
    )
    await expect(replay(connection, { file, atomic: true })).rejects.toThrow(
      /already posted up to record 1 of 5, so it cannot be atomic/,
    )
  })

  test.each([
    [
      { onError: 'stop', maxErrors: 3 },
      /'onError' "stop" allows no refusals, so it cannot be combined with 'maxErrors' 3/,
    ],
    [
      { atomic: true, onError: 'continue' },
      /'atomic' refuses the whole batch .* cannot be combined with 'onError'/,
    ],
    [{ atomic: true, maxErrors: 1 }, /atomic/],
    [{ maxErrors: -1 }, /'maxErrors' -1 is not a whole number/],
    [{ maxErrors: Number.NaN }, /'maxErrors' NaN is not a whole number/],
    [{ name: ' x' }, /'name' " x" is not/],
    [{ currency: 'usd' }, /"usd" is not an ISO 4217 code/],
    [{ format: 'json', delimiter: ';' }, /'delimiter' is for CSV files: leave it out for JSON/],
    [{ format: 'jsonl', skipLast: 1 }, /'skipLast' is for CSV files: leave it out for JSON/],
    [{ skip: -1 }, /'skip' -1 is not a whole number of lines from 0/],
    [{ skipLast: 1.5 }, /'skipLast' 1.5 is not a whole number of records from 0 to 1000/],
    [{ skipLast: 1_001 }, /'skipLast' 1001 is not a whole number of records from 0 to 1000/],
    [{ comment: '' }, /'comment' "" is not what a line starts with/],
    [{ header: [] }, /'header' \[\] is not a list of names of columns/],
    [{ header: ['a'], columns: ['a'] }, /'columns' is .* cannot be combined with 'header'/],
    [{ delimiter: '' }, /'delimiter' "" is not a delimiter/],
    [{ quote: ',', delimiter: ',' }, /'quote' "," is part of the delimiter ","/],
    [{ columns: [] }, /names no column/],
    [{ map: { sender: 'x' } }, /'map' cannot map a column to "sender"/],
    [{ file: '-' }, /standard input, and none was given/],
  ])('refuses the options %j', async (options, message) => {
    const file = await makeFile('batch.csv', content)

    await expect(replay(connection, { file, ...options } as ReplayOptions)).rejects.toThrow(message)
  })
})

describe('replay with dryRun', () => {
  test('returns the summary and writes the rejects of a real run, but nothing to the database', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(5_000, 20))
    const rejects = `${file}.rejects`
    const before = await booksOf(connection)

    const rehearsed = await replay(connection, { file, rejects, dryRun: true })
    const rehearsedRejects = await readFile(rejects, 'utf8')

    expect(await booksOf(connection)).toEqual(before)
    const real = await replay(connection, { file, rejects })
    expect(timeless(rehearsed)).toEqual({ ...timeless(real), dryRun: true })
    expect(rehearsedRejects).toBe(await readFile(rejects, 'utf8'))
    expect(Object.keys(real.refusedByCode).toSorted()).toEqual([
      'ACCOUNT_NOT_FOUND',
      'INSUFFICIENT_FUNDS',
      'INVALID_AMOUNT',
      'MALFORMED_LINE',
      'SAME_ACCOUNT',
      'TRANSFER_CONFLICT',
    ])
  })

  test('continues where the batch stopped', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '100' })
    const file = await makeFile('batch.csv', hardBatch(3_000, 20))
    await replay(connection, { file, maxErrors: 25 })
    const before = await booksOf(connection)

    const rehearsed = await replay(connection, { file, dryRun: true })

    expect(await booksOf(connection)).toEqual(before)
    expect(timeless(rehearsed)).toEqual({
      ...timeless(await replay(connection, { file })),
      dryRun: true,
    })
  })

  test.each([{ maxErrors: 7 }, { onError: 'stop' }, { atomic: true }] as const)(
    'ends as a real run does with %j',
    async (options) => {
      await openAccounts(Account, { count: 20, openingBalance: '100' })
      const file = await makeFile('batch.csv', hardBatch(2_000, 20))

      const rehearsed = await replay(connection, { file, ...options, dryRun: true })

      expect(timeless(rehearsed)).toEqual({
        ...timeless(await replay(connection, { file, ...options })),
        dryRun: true,
      })
    },
  )

  test('compares a repeated id of the file with its first content', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const rows = Array.from(
      { length: 1_200 },
      (_, index) => `T${index},A${index % 2},A${1 - (index % 2)},1,r${index}`,
    )
    const file = await makeFile(
      'batch.csv',
      ['id,from,to,amount,reference', ...rows, 'T0,A0,A1,1,r0', 'T1,A1,A0,1,other'].join('\n'),
    )

    const rehearsed = await replay(connection, { file, dryRun: true })

    expect(rehearsed).toMatchObject({ existing: 1, refusedByCode: { TRANSFER_CONFLICT: 1 } })
    expect(timeless(rehearsed)).toEqual({
      ...timeless(await replay(connection, { file })),
      dryRun: true,
    })
  })

  test('creates no collection', async () => {
    const bare = connection.useDb(`${connection.name}-bare`)
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,A1,1\n')

    const summary = await replay(bare, { file, dryRun: true })

    expect(summary.refusedByCode).toEqual({ ACCOUNT_NOT_FOUND: 1 })
    expect(await bare.listCollections()).toEqual([])
  })
})

test('a stream of a file is replayed as the standard input', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const path = await makeFile('batch.csv', 'from,to,amount\nA0,A1,1\n')

  const summary = await replay(connection, { file: '-', stdin: createReadStream(path) })

  expect(summary.posted).toBe(1)
})

test('waits for a locked account no longer than its patience, and continues later', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '10' })
  const file = await makeFile('locked.csv', 'from,to,amount\nA0,A1,1\n')
  const session = await connection.startSession()
  session.startTransaction()
  await Account.updateOne({ _id: 'A0' }, { holder: 'Lock' }, { session })
  await expect(replay(connection, { file, patience: 300 })).rejects.toMatchObject({
    name: 'OutcomeError',
    outcome: 'not posted',
  })
  await session.abortTransaction()
  await session.endSession()
  expect(await replay(connection, { file })).toMatchObject({ posted: 1, status: 'finished' })
})
