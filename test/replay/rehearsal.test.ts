import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { Rehearsal } from '../../src/replay/posting/rehearsal.ts'
import { type ReplayOptions, type ReplaySummary, replay } from '../../src/replay/replay.ts'
import { booksOf, hardBatch, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const timeless = (summary: ReplaySummary | Error) =>
  summary instanceof Error ? summary.message : { ...summary, dryRun: false, seconds: 0, rate: 0 }

/** Replays calls one after the other; gives how each ended. */
async function replayAll(calls: readonly ReplayOptions[], rehearsal?: Rehearsal) {
  const ends = []
  for (const options of calls) {
    const end = replay(connection, { ...options, dryRun: rehearsal })
    ends.push(timeless(await end.catch((error: Error) => error)))
  }
  return ends
}

/** Rehearses calls as one, then does them; gives how each ended. */
async function bothOf(calls: readonly ReplayOptions[]) {
  const before = await booksOf(connection)
  const rehearsed = await replayAll(calls, new Rehearsal(connection))
  expect(await booksOf(connection)).toEqual(before)
  return { rehearsed, done: await replayAll(calls) }
}

const HEAD = 'id,from,to,amount\n'

describe('a rehearsal of several files', () => {
  test('goes on from what the files before would have left', async () => {
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

    const { rehearsed, done } = await bothOf(calls)

    expect(rehearsed).toEqual(done)
    expect(rehearsed[1]).toMatchObject({
      posted: 1,
      existing: 1,
      refusedByCode: { TRANSFER_CONFLICT: 1, INSUFFICIENT_FUNDS: 1 },
    })
  })

  test('knows the batches that it has rehearsed', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\n`)
    const other = await makeFile('batch.csv', `${HEAD}T2,A0,A1,1\n`)

    const { rehearsed, done } = await bothOf([{ file }, { file }, { file: other }])

    expect(rehearsed).toEqual(done)
    expect(rehearsed[1]).toMatchObject({ alreadyFinished: true, posted: 1 })
    expect(rehearsed[2]).toMatch(/^batch "batch.csv" is of another file/)
  })

  test.each([{ maxErrors: 3 }, { onError: 'stop' }, { atomic: true }] as const)(
    'takes back what a file would not have posted with %j',
    async (options) => {
      await openAccounts(Account, { count: 5, openingBalance: '100' })
      const [head, ...lines] = hardBatch(600, 5).trim().split('\n')
      const calls = await Promise.all(
        [0, 200, 400].map(async (start) => {
          const part = lines.slice(start, start + 200)
          return { file: await makeFile(`${start}.csv`, [head, ...part].join('\n')), ...options }
        }),
      )

      const { rehearsed, done } = await bothOf([...calls, ...calls])

      expect(rehearsed).toEqual(done)
    },
  )

  test('does not write the rejects of a batch of which it has rehearsed a part', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,99\nT2,A0,A1,99\n`)
    const dryRun = new Rehearsal(connection)
    await replay(connection, { file, maxErrors: 1, dryRun })

    await expect(replay(connection, { file, dryRun, rejects: `${file}.rejects` })).rejects.toThrow(
      /dryRun has rehearsed a part of batch "batch.csv" before, whose rejects it has not kept/,
    )
  })
})

test('a rehearsal gives the rejects of earlier runs before its own', async () => {
  await openAccounts(Account, { count: 20, openingBalance: '100' })
  const file = await makeFile('batch.csv', hardBatch(5_000, 20))
  await replay(connection, { file, maxErrors: 30 })
  const [rehearsed, real] = [`${file}.1`, `${file}.2`]

  await replay(connection, { file, dryRun: true, rejects: rehearsed })
  await replay(connection, { file, rejects: real })

  expect(await readFile(rehearsed, 'utf8')).toBe(await readFile(real, 'utf8'))
})
