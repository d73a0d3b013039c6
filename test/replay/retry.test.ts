import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { Rehearsal, type ReplayOptions, replay, verify } from '../../src/index.ts'
import { failNext } from '../../src/testing/index.ts'
import { booksOf, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const HEAD = 'id,from,to,amount\n'

/** A1 is opened later. Then T3 can spend what T1 brings in, and nothing is left for T5. T6 can never be read. */
const LINES = `${HEAD}T1,A0,A1,5\nT2,A0,A2,20\nT3,A1,A2,5\nT4,A0,A2,75\nT5,A1,A0,5\nT6,A0\n`

beforeEach(async () => {
  await Account.open({ accountId: 'A0', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'A2', holder: 'Ada', currency: 'USD' })
})

const openA1 = () => Account.open({ accountId: 'A1', holder: 'Ada', currency: 'USD' })

const refusals = async () =>
  ((await booksOf(connection)).refusals as { _id: { line: number }; code: string }[]).map(
    ({ _id, code }) => `${_id.line} ${code}`,
  )

const transferIds = async () =>
  ((await booksOf(connection)).transfers as { _id: string }[]).map(({ _id }) => _id)

async function replayed(content: string, options: Partial<ReplayOptions> = {}) {
  const file = await makeFile('day.csv', content)
  const first = await replay(connection, { file, ...options })
  return { file, first }
}

describe('a retry of a finished batch', () => {
  test('posts the refused lines in their order, under the ids that they had', async () => {
    const { file, first } = await replayed(LINES)
    await openA1()

    const second = await replay(connection, { file, retry: true })

    expect(first).toMatchObject({ posted: 2, refused: 4 })
    expect(second).toMatchObject({
      status: 'finished',
      alreadyFinished: false,
      read: 6,
      posted: 4,
      refused: 2,
      refusedByCode: { INSUFFICIENT_FUNDS: 1, MALFORMED_LINE: 1 },
      amountByCurrency: { USD: '105.00' },
      retry: { lines: 4, posted: 2, existing: 0, refused: 2 },
    })
    expect(await transferIds()).toEqual(['T1', 'T2', 'T3', 'T4'])
    expect((await verify(connection)).violations).toEqual([])
  })

  test('posts lines without ids under the ids that were made for them', async () => {
    const { file } = await replayed('from,to,amount\nA0,A1,10\nA0,A2,20\n')
    await openA1()

    await replay(connection, { file, retry: true })
    const third = await replay(connection, { file, retry: true })

    expect(await transferIds()).toEqual(['day.csv:2', 'day.csv:3'])
    expect(third).toMatchObject({ posted: 2, refused: 0, retry: { lines: 0, posted: 0 } })
  })

  test('ends in the books of a batch that found its accounts', async () => {
    const lines = Array.from({ length: 50 }, (_, index) => `T${index},A0,A1,1`).join('\n')
    const { file } = await replayed(`${HEAD}${lines}\n`)
    await openA1()
    await replay(connection, { file, retry: true })
    const retried = await booksOf(connection)
    for (const name of ['accounts', 'transfers', 'refusals', 'batches']) {
      await connection.collection(name).deleteMany({})
    }
    await Account.open({ accountId: 'A0', holder: 'Ada', currency: 'USD', openingBalance: '100' })
    await Account.open({ accountId: 'A2', holder: 'Ada', currency: 'USD' })
    await openA1()
    await replayed(`${HEAD}${lines}\n`)

    const { batches, ...books } = await booksOf(connection)
    const [{ retry, ...batch } = { retry: {} }] = retried.batches as { retry: object }[]
    expect(retried).toMatchObject(books)
    expect([batch]).toEqual(batches)
    expect(retry).toMatchObject({ number: 1, lines: 50, posted: 50, refused: 0 })
  })

  test('posts only the refused ones of the transfers that a transform makes of a record', async () => {
    const transform = () => ['A9', 'A2', 'A1'].map((to) => ({ from: 'A0', to, amount: '10' }))
    const file = await makeFile('day.csv', 'a\nx\n')
    const first = await replay(connection, { file, transform })
    await openA1()

    const second = await replay(connection, { file, transform, retry: true })

    expect(first).toMatchObject({ posted: 1, refused: 2 })
    expect(second).toMatchObject({
      posted: 2,
      existing: 0,
      refused: 1,
      amountByCurrency: { USD: '20.00' },
      retry: { lines: 2, posted: 1, existing: 0, refused: 1 },
    })
    expect(await transferIds()).toEqual(['day.csv:2#2', 'day.csv:2#3'])
    expect((await booksOf(connection)).refusals).toMatchObject([
      { code: 'ACCOUNT_NOT_FOUND', message: expect.stringMatching(/^transfer 1 of 3: /) },
    ])
    expect((await verify(connection)).violations).toEqual([])
  })

  test('posts the transfers of a group all or none', async () => {
    const group = (name: string, to: string) =>
      `${name}1,A0,${to},1,${name}\n${name}2,A0,A2,1,${name}\n`
    const content = `id,from,to,amount,group\n${group('P', 'A1')}${group('Q', 'A9')}`
    const { file, first } = await replayed(content, { map: { group: 'group' } })
    await openA1()

    const second = await replay(connection, { file, map: { group: 'group' }, retry: true })

    expect(first).toMatchObject({ posted: 0, refused: 4 })
    expect(second).toMatchObject({ posted: 2, refused: 2, retry: { posted: 2, refused: 2 } })
    expect(await transferIds()).toEqual(['P1', 'P2'])
    expect(await refusals()).toEqual(['4 ACCOUNT_NOT_FOUND', '5 LINKED_TRANSFER_REFUSED'])
    expect((await verify(connection)).violations).toEqual([])
  })

  test.each([false, true])(
    'joins no group that is posted without it, with dryRun %j',
    async (dryRun) => {
      await Account.transfer({ transferId: 'T1', from: 'A0', to: 'A2', amount: '1' })
      await replayed('id,from,to,amount,group\nP1,A0,A2,1,P\n', { name: 'other' })
      const lines = ['P1,A0,A2,1,P', 'P2,A0,A2,1,P', 'Q1,A0,A1,1,Q', 'Q2,A0,A2,1,Q', 'Q3,A0,A2,1,']
      const { file, first } = await replayed(`id,from,to,amount,group\n${lines.join('\n')}\n`)
      await openA1()

      const second = await replay(connection, { file, retry: true, dryRun })

      expect(first).toMatchObject({ posted: 1, existing: 0, refused: 4 })
      expect(second).toMatchObject({
        posted: 3,
        existing: 0,
        refusedByCode: { TRANSFER_CONFLICT: 2 },
        retry: { lines: 4, posted: 2, refused: 2 },
      })
      if (!dryRun) expect(await transferIds()).toEqual(['P1', 'Q1', 'Q2', 'Q3', 'T1'])
    },
  )

  test('keeps groups of one name apart when only refused lines of them are left', async () => {
    const lines = ['P1,A0,A1,1,P', 'P2,A0,A2,1,P', 'T1,A0,A2,1,', 'P3,A0,A1,1,P', 'P4,A0,A2,1,P']
    const { file, first } = await replayed(`id,from,to,amount,group\n${lines.join('\n')}\n`)
    await openA1()

    const second = await replay(connection, { file, retry: true })

    expect(first).toMatchObject({ posted: 1, refused: 4 })
    expect(second).toMatchObject({ posted: 3, refusedByCode: { TRANSFER_CONFLICT: 2 } })
    expect(await transferIds()).toEqual(['P1', 'P2', 'T1'])
  })

  test('opens missing accounts where the batch does, and counts them', async () => {
    const content = `${HEAD}T1,A2,B1,1\nT2,A2,B1,1\n`
    const options = { openMissing: { holder: 'Ada', currency: 'USD' } } as const
    const { file, first } = await replayed(content, options)
    await Account.transfer({ from: 'A0', to: 'A2', amount: '10' })

    const second = await replay(connection, { file, ...options, retry: true })

    expect(first).toMatchObject({ posted: 0, refused: 2 })
    expect(second).toMatchObject({ posted: 2, refused: 0, accountsOpened: 1 })
    expect((await verify(connection)).violations).toEqual([])
  })

  test('gives a line that is still refused its new reason', async () => {
    const { file } = await replayed(`${HEAD}T1,A0,A1,10\nT2,A0,A9,1\n`)
    await openA1()
    await Account.freeze('A1')

    await replay(connection, { file, retry: true })

    expect(await refusals()).toEqual(['2 ACCOUNT_NOT_OPEN', '3 ACCOUNT_NOT_FOUND'])
    expect((await verify(connection)).violations).toEqual([])
  })

  test('counts a line as existing that was posted in the meantime', async () => {
    const { file } = await replayed(`${HEAD}T1,A0,A1,10\n`)
    await openA1()
    await Account.transfer({ transferId: 'T1', from: 'A0', to: 'A1', amount: '10' })

    const summary = await replay(connection, { file, retry: true })

    expect(summary).toMatchObject({ posted: 0, existing: 1, refused: 0 })
    expect(await refusals()).toEqual([])
  })

  test.each(['write-conflict', 'lost-commit-reply', 'unknown-commit-result'] as const)(
    'posts once after a %s',
    async (failure) => {
      const { file } = await replayed(LINES)
      await openA1()
      await failNext(connection, failure)

      const { retry } = await replay(connection, { file, retry: true })

      expect(retry).toEqual({ lines: 4, posted: 2, existing: 0, refused: 2 })
      expect((await verify(connection)).violations).toEqual([])
    },
  )

  test('that is interrupted is continued, and tries each line once', async () => {
    const lines = Array.from({ length: 2_500 }, (_, index) => `T${index},A1,A2,1`)
    // Nobody can pay the first lines when they are tried, but could before the retry is continued.
    const { file } = await replayed(`${HEAD}${lines.join('\n')}\nX,A0,A1,100\n`)
    await openA1()
    const interruption = new AbortController()
    const first = await replay(connection, {
      file,
      retry: true,
      signal: interruption.signal,
      onProgress: ({ read }) => void (read > 0 && interruption.abort()),
    })
    await Account.transfer({ transferId: 'PAY', from: 'A0', to: 'A1', amount: '50' })

    const second = await replay(connection, { file, retry: true })

    expect(first.status).toBe('interrupted')
    expect(first.retry?.refused).toBeGreaterThan(0)
    expect(first.retry?.refused).toBeLessThan(2_500)
    expect(second).toMatchObject({
      status: 'finished',
      retry: { lines: 2_501, posted: 50, refused: 2_451 },
    })
    expect(await transferIds()).not.toContain('T0')
    expect((await verify(connection)).violations).toEqual([])
  })

  test('is done once by two processes at the same time', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => `T${index},A0,A1,0.10`)
    const { file } = await replayed(`${HEAD}${lines.join('\n')}\n`)
    await openA1()

    await Promise.all([
      replay(connection, { file, retry: true }),
      setTimeout(5).then(() => replay(connection, { file, retry: true })),
    ])

    expect(await transferIds()).toHaveLength(300)
    expect((await verify(connection)).violations).toEqual([])
  })

  test('is rehearsed with the same summary and the same rejects, and nothing is written', async () => {
    const { file } = await replayed(LINES)
    await openA1()
    const before = await booksOf(connection)
    const [dry, real] = [await makeFile('dry.csv', ''), await makeFile('real.csv', '')]

    const rehearsed = await replay(connection, { file, retry: true, dryRun: true, rejects: dry })
    expect(await booksOf(connection)).toEqual(before)
    const summary = await replay(connection, { file, retry: true, rejects: real })

    const times = { seconds: 0, rate: 0, dryRun: false }
    expect({ ...rehearsed, ...times }).toEqual({ ...summary, ...times })
    expect(await readFile(dry, 'utf8')).toBe(await readFile(real, 'utf8'))
    expect(await readFile(real, 'utf8')).toContain('T6,A0\n')
  })
})

describe('a retry is refused', () => {
  const conflict = (message: RegExp) => ({
    name: 'InputError',
    message: expect.stringMatching(message),
  })

  test('of a batch that was never replayed', async () => {
    const file = await makeFile('day.csv', LINES)
    await expect(replay(connection, { file, retry: true })).rejects.toMatchObject(
      conflict(/has not been replayed yet/),
    )
  })

  test('of a batch that is not finished', async () => {
    const { file } = await replayed(LINES, { onError: 'stop' })
    const { file: other } = await replayed(LINES, { maxErrors: 1, name: 'other' })
    await expect(
      replay(connection, { file: other, name: 'other', retry: true }),
    ).rejects.toMatchObject(
      conflict(/is posted up to record 2 of 6: leave --retry out to continue it/),
    )
    await expect(replay(connection, { file, retry: true })).rejects.toMatchObject(conflict(/retry/))
  })

  test('with another file or other options', async () => {
    const { file } = await replayed(LINES)
    await expect(replay(connection, { file, retry: true, currency: 'USD' })).rejects.toMatchObject(
      conflict(/was started with the options/),
    )
    await writeFile(file, LINES.replace('75', '74'))
    await expect(replay(connection, { file, retry: true })).rejects.toMatchObject(
      conflict(/was started with another file/),
    )
  })

  test('after its batch in the same rehearsal', async () => {
    await openAccounts(Account, { count: 1, openingBalance: '100' })
    const dryRun = new Rehearsal(connection)
    const { file } = await replayed(LINES, { dryRun })
    await expect(replay(connection, { file, dryRun, retry: true })).rejects.toMatchObject(
      conflict(/has already rehearsed batch "day.csv"/),
    )
  })

  test.each([{ atomic: true }, { onError: 'stop' }, { maxErrors: 1 }] as const)(
    'together with %j',
    async (options) => {
      await expect(replay(connection, { file: 'x', retry: true, ...options })).rejects.toThrow(
        /'retry' tries each refused line of the batch, so it cannot be combined with/,
      )
    },
  )
})
