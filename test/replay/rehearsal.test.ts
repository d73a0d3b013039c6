import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { IdentifiedRequest } from '../../src/ledger/request.ts'
import { freshBatch } from '../../src/models/batch.ts'
import { databasePoster } from '../../src/replay/posting/chunk-poster.ts'
import { Rehearsal } from '../../src/replay/posting/rehearsal.ts'
import { type ReplayOptions, type ReplaySummary, replay } from '../../src/replay/replay.ts'
import { booksOf, hardBatch, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const timeless = (summary: ReplaySummary | Error) =>
  summary instanceof Error ? summary.message : { ...summary, dryRun: false, seconds: 0, rate: 0 }

/** Replays files one after the other. Returns how each ended. */
async function replayAll(calls: readonly ReplayOptions[], rehearsal?: Rehearsal) {
  const results = []
  for (const options of calls) {
    const result = replay(connection, { ...options, dryRun: rehearsal })
    results.push(timeless(await result.catch((error: Error) => error)))
  }
  return results
}

/** Rehearses files together, then replays them. Returns how each ended. */
async function bothOf(calls: readonly ReplayOptions[]) {
  const before = await booksOf(connection)
  const rehearsed = await replayAll(calls, new Rehearsal(connection))
  expect(await booksOf(connection)).toEqual(before)
  return { rehearsed, real: await replayAll(calls) }
}

const HEAD = 'id,from,to,amount\n'

describe('a rehearsal of several files', () => {
  test('finds what the files before would have posted', async () => {
    await openAccounts(Account, { count: 3, openingBalance: '0' })
    await Account.open({ accountId: 'bank', holder: 'Bank', currency: 'USD', openingBalance: '9' })
    const calls = [
      { file: await makeFile('1.csv', `${HEAD}T1,bank,A0,9\n`) },
      {
        file: await makeFile(
          '2.csv',
          `${HEAD}T2,A0,A1,5\nT1,bank,A0,9\nT1,bank,A0,8\nT3,bank,A0,1\n`,
        ),
      },
    ]

    const { rehearsed, real } = await bothOf(calls)

    expect(rehearsed).toEqual(real)
    expect(rehearsed[1]).toMatchObject({
      posted: 1,
      existing: 1,
      refusedByCode: { TRANSFER_CONFLICT: 1, INSUFFICIENT_FUNDS: 1 },
    })
  })

  test('tells transfers apart by their effective dates, as posting does', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const newBatch = freshBatch({ name: 'batch', source: 'batch', digest: '', reading: '' })
    const rowsOf = (dates: unknown[], after = 0) =>
      dates.map((effectiveAt, index) => ({
        position: after + index + 1,
        line: after + index + 1,
        item: 1,
        text: '',
        request: {
          transferId: 'T',
          from: 'A0',
          to: 'A1',
          amount: '1',
          effectiveAt,
        } as IdentifiedRequest,
      }))
    const date = new Date('2026-01-15')
    const others = [new Date(date), new Date('2026-01-16'), undefined, undefined, '2026-01-15']

    const options = { refusalLimit: Infinity, advice: '' }
    for (const poster of [
      new Rehearsal(connection).poster({ start: newBatch, ...options }),
      databasePoster(connection, { newBatch, ...options }),
    ]) {
      await poster(rowsOf([date]), false)
      const { record } = await poster(rowsOf(others, 1), false)
      expect(record).toMatchObject({
        posted: 1,
        existing: 1,
        refusedByCode: { TRANSFER_CONFLICT: 3, INVALID_EFFECTIVE_AT: 1 },
      })
    }
  })

  test('finds a repeated reversal as posting does', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const rehearsal = new Rehearsal(connection)
    const original = { transferId: 'T', from: 'A0', to: 'A1', amount: '1' }
    const reversal = { transferId: 'R', from: 'A1', to: 'A0', amount: '1', reverses: 'T' }

    const results = []
    for (const request of [original, reversal, reversal]) {
      results.push(...(await rehearsal.post([request], 'batch')))
    }

    expect(results.map(({ status }) => status)).toEqual(['posted', 'posted', 'existing'])
  })

  test('remembers the batches that it has rehearsed', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\n`)
    const other = await makeFile('batch.csv', `${HEAD}T2,A0,A1,1\n`)

    const { rehearsed, real } = await bothOf([{ file }, { file }, { file: other }])

    expect(rehearsed).toEqual(real)
    expect(rehearsed[1]).toMatchObject({ alreadyFinished: true, posted: 1 })
    expect(rehearsed[2]).toMatch(/^batch "batch.csv" was started with another file/)
  })

  test.each([{ maxErrors: 3 }, { onError: 'stop' }, { atomic: true }] as const)(
    'forgets what a file would not have posted with %j',
    async (options) => {
      await openAccounts(Account, { count: 5, openingBalance: '100' })
      const [head, ...lines] = hardBatch(600, 5).trim().split('\n')
      const calls = await Promise.all(
        [0, 200, 400].map(async (start) => {
          const part = lines.slice(start, start + 200)
          return { file: await makeFile(`${start}.csv`, [head, ...part].join('\n')), ...options }
        }),
      )

      const { rehearsed, real } = await bothOf([...calls, ...calls])

      expect(rehearsed).toEqual(real)
    },
  )

  test('refuses to write rejects for a batch that it has rehearsed in part', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,99\nT2,A0,A1,99\n`)
    const dryRun = new Rehearsal(connection)
    await replay(connection, { file, maxErrors: 1, dryRun })

    await expect(replay(connection, { file, dryRun, rejects: `${file}.rejects` })).rejects.toThrow(
      /'dryRun' has already rehearsed a part of batch "batch.csv" and has not kept its rejects/,
    )
  })
})

test('a rehearsal writes the rejects of earlier runs before its own', async () => {
  await openAccounts(Account, { count: 20, openingBalance: '100' })
  const file = await makeFile('batch.csv', hardBatch(5_000, 20))
  await replay(connection, { file, maxErrors: 30 })
  const [rehearsed, real] = [`${file}.1`, `${file}.2`]

  await replay(connection, { file, dryRun: true, rejects: rehearsed })
  await replay(connection, { file, rejects: real })

  expect(await readFile(rehearsed, 'utf8')).toBe(await readFile(real, 'utf8'))
})
